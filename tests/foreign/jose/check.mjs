// Reads our statements with libraries that are not ours: panva's jose for the JWS, OpenWallet's @sd-jwt for what is
// sealed. A question a line {"presentation", "jwk", "alg", "now"}, an answer a line {"jws", "claims"} or {"error"}.
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { SDJwtInstance } from '@sd-jwt/core'
import { compactVerify, importJWK } from 'jose'

async function check({ presentation, jwk, alg, now }) {
  const key = await importJWK(jwk, alg)
  const jws = presentation.split('~')[0]
  const { payload } = await compactVerify(jws, key, { algorithms: [alg] })
  const sealed = new SDJwtInstance({
    hasher: (data) => createHash('sha256').update(data).digest(),
    verifier: async (data, signature) => {
      await compactVerify(`${data}.${signature}`, key, { algorithms: [alg] })
      return true
    },
  })
  const read = await sealed.verify(presentation, { currentDate: now })
  return { jws: JSON.parse(new TextDecoder().decode(payload)), claims: read.payload, header: read.header }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await check(JSON.parse(line)).catch((error) => ({ error: `${error.code ?? error.name}: ${error.message}` }))
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
