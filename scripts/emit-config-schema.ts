/** Writes gridshard.schema.json, for editors: `"$schema": "./node_modules/gridshard/gridshard.schema.json"`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { configJsonSchema } from "../engine/config-keys.js";
import { packageRoot } from "../engine/package-root.js";

writeFileSync(
  join(packageRoot(), "gridshard.schema.json"),
  `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
);
