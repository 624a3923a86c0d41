/** One word of a command to be typed: in quotes where it has anything but plain characters. */
export const shellWord = (text: string): string => (/^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** The options that name a study, as they are typed. */
export const studyWords = (db: string, study: string): string => `--db ${shellWord(db)} --study ${shellWord(study)}`;
