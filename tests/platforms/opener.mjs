// Opens and signs with @wecom/crypto, the library of WeCom itself: one JSON object a line in, one a line out.
// `node opener.mjs CACHE`: {key, encrypt} → {message, id}; {token, timestamp, nonce, encrypt} → {signature}.
import { createRequire } from "node:module";
import path from "node:path";
import readline from "node:readline";

const require = createRequire(path.join(path.resolve(process.argv[2]), "package.json"));
const { decrypt, encrypt, getSignature } = require("@wecom/crypto");

for await (const line of readline.createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer;
  try {
    if (asked.token !== undefined) {
      answer = { signature: getSignature(asked.token, asked.timestamp, asked.nonce, asked.encrypt) };
    } else if (asked.message !== undefined) {
      answer = { encrypt: encrypt(asked.key, asked.message, asked.id) };
    } else {
      const { message, id } = decrypt(asked.key, asked.encrypt);
      answer = { message, id };
    }
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
