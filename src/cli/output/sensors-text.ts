/** What the commands about sensor tokens say. */

export const revokedText = (host: string, revoked: boolean): string =>
  revoked
    ? `${host}: its readings are refused. \`wasm-sensors sensors revoke ${host} --undo\` accepts them again.`
    : `${host}: its readings are accepted again`;

export const unknownHostText = (host: string, revoked: boolean): string =>
  `no node and no sensor is called ${host}; ${revoked ? 'the name is refused from now on all the same' : 'check the name with `wasm-sensors status`'}`;

export const rotatedText = (until: number): string =>
  `there is a new key. Restart \`up\`, or give nodes of your own their new tokens (\`wasm-sensors sensors token HOST\`): ` +
  `tokens of the old key are taken until ${new Date(until).toISOString()}`;
