/** What `POST /guest` answers. Keep the ticket: it is who the player is. */
export interface GuestTicket {
  readonly ticket: string;
  /** 32 hex digits. */
  readonly playerId: string;
  readonly name: string;
}

/**
 * Gets a guest's ticket from a server, for example `fetchGuestTicket("https://game.example", "Ada")`. With
 * `oldTicket` the same player is renewed, renamed if the name differs; one that is no longer good is replaced by a
 * new player's. Throws when the server refuses or cannot be reached.
 */
export async function fetchGuestTicket(
  baseUrl: string,
  name: string,
  oldTicket?: string,
): Promise<GuestTicket> {
  const response = await fetch(new URL("/guest", baseUrl), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(oldTicket === undefined ? { name } : { name, ticket: oldTicket }),
  });
  if (!response.ok) throw new TicketRefused(response.status, await response.text());
  return (await response.json()) as GuestTicket;
}

/** The server gave no ticket; the message is its answer. */
export class TicketRefused extends Error {
  override readonly name = "TicketRefused";
  readonly status: number;

  constructor(status: number, answer: string) {
    super(`no ticket (HTTP ${status}): ${answer.trim().slice(0, 200)}`);
    this.status = status;
  }
}
