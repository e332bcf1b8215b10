/** What the commands about sensor tokens say. */

export const revokedText = (host: string, revoked: boolean): string =>
  revoked
    ? `${host}: its readings are refused. \`wasm-sensors sensors revoke ${host} --undo\` takes them again.`
    : `${host}: its readings are taken again`;

export const rotatedText = (until: number): string =>
  `there is a new key. Restart \`up\`, or give nodes of your own their new tokens (\`wasm-sensors sensors token HOST\`): ` +
  `tokens of the old key are taken until ${new Date(until).toISOString()}`;
