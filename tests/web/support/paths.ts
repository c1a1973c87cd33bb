/** The repository's root: run.mjs starts every test there. */
export const root = process.cwd();
