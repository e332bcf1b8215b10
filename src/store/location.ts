/** Where a store is: the path of a file, or the URL of a PostgreSQL database. */
export const isPostgres = (location: string): boolean => /^postgres(ql)?:/.test(location);
