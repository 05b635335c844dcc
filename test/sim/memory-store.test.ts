import { testStoreContract } from "../../persistence/store-contract.js";
import { MemoryStore, StoredRows } from "./memory-store.js";

testStoreContract(
  "memory",
  async () => {
    const rows = new StoredRows();
    return { store: () => new MemoryStore(rows), release: () => Promise.resolve() };
  },
  { migrations: "none" },
);
