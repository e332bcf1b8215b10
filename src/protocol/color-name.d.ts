declare module 'color-name' {
  /** The colours of CSS by their names, in lower case. */
  const colors: Record<string, [red: number, green: number, blue: number]>;
  export default colors;
}
