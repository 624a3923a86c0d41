/** "ESPL": marks a file as ours in bytes 68–71 of the SQLite header. */
export const applicationId = 0x4553504c;

/**
 * The schema as the steps that build it; `user_version` counts the steps a file has had. A step that was released is
 * never edited: add the next one.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE studies (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    seed TEXT NOT NULL,
    controller TEXT NOT NULL,
    space_file TEXT NOT NULL,
    space_text TEXT NOT NULL,
    space_hash TEXT NOT NULL,
    facts TEXT NOT NULL
  ) STRICT;

  -- position: 0, 1, 2 … within the study. json: the whole event; type and trial repeat it for people with an SQL prompt.
  CREATE TABLE events (
    study INTEGER NOT NULL REFERENCES studies (id),
    position INTEGER NOT NULL,
    type TEXT NOT NULL,
    trial INTEGER,
    json TEXT NOT NULL,
    PRIMARY KEY (study, position)
  ) STRICT, WITHOUT ROWID;

  -- Who took the lease last, for messages only: the right itself is the lock on the study's lease file.
  CREATE TABLE leases (
    study INTEGER PRIMARY KEY REFERENCES studies (id),
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    since INTEGER NOT NULL
  ) STRICT;
  `,
  // The tables stay. There are events that an older program does not know (continued, stopped, replicated): it must not go on
  // with a study that has them, and refuses a file of this version.
  '',
  // The same for the events budget and favourite.
  '',
  // Rows with a rowid fill their pages; those of a table without one are cut off at a quarter of a page and spill the rest into
  // pages of their own, so that trials of a few kilobytes take twice the room.
  `
  CREATE TABLE events_4 (
    study INTEGER NOT NULL REFERENCES studies (id),
    position INTEGER NOT NULL,
    type TEXT NOT NULL,
    trial INTEGER,
    json TEXT NOT NULL,
    PRIMARY KEY (study, position)
  ) STRICT;
  INSERT INTO events_4 SELECT study, position, type, trial, json FROM events ORDER BY study, position;
  DROP TABLE events;
  ALTER TABLE events_4 RENAME TO events;
  `,
];
