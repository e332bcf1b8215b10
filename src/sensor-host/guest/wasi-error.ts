/** Errno values of WASI, as a Bacalhau node answers them. */
export const ERRNO = {
  ok: 0,
  badf: 8,
  fault: 21,
  inval: 28,
  io: 29,
  noent: 44,
  nosys: 52,
  notsup: 58,
} as const;

/** Thrown by a call of a guest, which returns to it with the errno. */
export class WasiError {
  constructor(readonly errno: number) {}
}
