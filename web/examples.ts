// The program that a first visit shows. The build puts its text in; the other examples come with the gallery.

declare const FIRST_PROGRAM: string;

/** The program to begin with. */
export const firstProgram = (): string => FIRST_PROGRAM;
