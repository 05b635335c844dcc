/**
 * The tables shipped with the reference games. Importing the types of the files makes the compiler put the files
 * beside the code, wherever it is built, and makes a name without a file an error.
 */
import type inhabitants from "./tables/inhabitants.json";
import type items from "./tables/items.json";
import type levels from "./tables/levels.json";
import type skills from "./tables/skills.json";
import type species from "./tables/species.json";

export interface ShippedTables {
  readonly inhabitants: typeof inhabitants;
  readonly items: typeof items;
  readonly levels: typeof levels;
  readonly skills: typeof skills;
  readonly species: typeof species;
}

export function shippedTable(name: keyof ShippedTables): URL {
  return new URL(`./tables/${name}.json`, import.meta.url);
}
