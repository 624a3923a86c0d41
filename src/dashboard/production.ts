/**
 * React picks its build when it is first loaded; the development one is slower and keeps timings of every render. Imported
 * before anything that imports React.
 */
process.env['NODE_ENV'] ??= 'production';
