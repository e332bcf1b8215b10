/** Patterns of files as Bacalhau reads them (Go's doublestar). */

/** A path as a pattern that matches only itself. */
export const literally = (path: string): string => path.replace(/[*?[\]{}\\]/g, '\\$&');
