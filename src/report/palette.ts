/** Okabe and Ito 2008, "Color Universal Design": told apart with every kind of colour vision. Yellow is left out: too pale for a line. */
const colors = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000'] as const;

/** A second sign beside the colour: it also tells lines apart in print, and beyond the number of colours. */
const dashes = ['solid', 'dashed', 'dotted'] as const;

export const colorOf = (index: number): string => colors[index % colors.length]!;

export const dashOf = (index: number): string => dashes[(index + Math.floor(index / colors.length)) % dashes.length]!;
