package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/quell-ir/quell"
)

// migrations are the steps from each schema version to the next; a database's version is how many it has had. Steps are
// only ever added: ledgers are kept for years.
//
// Rows live in the primary key's own B-tree (WITHOUT ROWID), so that one append touches one page per table and a tree's
// records lie together.
func migrations() []string {
	return []string{`
CREATE TABLE tree (
	id     INTEGER PRIMARY KEY,
	name   TEXT NOT NULL UNIQUE,
	size   INTEGER NOT NULL DEFAULT 0,
	note   BLOB NOT NULL DEFAULT x'',
	token  INTEGER NOT NULL DEFAULT 0,
	owner  TEXT NOT NULL DEFAULT '',
	until  INTEGER NOT NULL DEFAULT 0 -- the lease's deadline in Unix nanoseconds
) STRICT;
CREATE TABLE leaf (
	tree INTEGER NOT NULL REFERENCES tree(id),
	seq  INTEGER NOT NULL,
	data BLOB NOT NULL,
	PRIMARY KEY (tree, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE hash (
	tree INTEGER NOT NULL REFERENCES tree(id),
	idx  INTEGER NOT NULL, -- tlog.StoredHashIndex
	hash BLOB NOT NULL,
	PRIMARY KEY (tree, idx)
) STRICT, WITHOUT ROWID;
`}
}

// applicationID marks the file as ours, in SQLite's header: "Qell".
const applicationID = 0x51656c6c

// migrate brings an older schema up to date and refuses a newer one and a file of another program.
func (s *Store) migrate(ctx context.Context) error {
	// Outside of a transaction, because the journal's mode cannot change inside one. It is kept in the file.
	var mode string
	if err := s.write.QueryRowContext(ctx, "PRAGMA journal_mode=WAL").Scan(&mode); err != nil {
		return fmt.Errorf("switch on the write-ahead log: %w", err)
	}
	return s.transact(ctx, func(tx *sql.Tx) error {
		var version, application, tables int
		for query, into := range map[string]*int{
			"PRAGMA user_version": &version, "PRAGMA application_id": &application,
			"SELECT count(*) FROM sqlite_schema": &tables,
		} {
			if err := tx.QueryRowContext(ctx, query).Scan(into); err != nil {
				return fmt.Errorf("read the schema's version: %w", err)
			}
		}
		steps := migrations()
		// An empty file has neither mark nor tables and becomes ours; anything else without the mark is left alone.
		switch {
		case application != applicationID && tables > 0:
			return foreign(s.path)
		case version > len(steps):
			return newer(s.path, version, len(steps))
		case version == len(steps):
			return nil
		}
		for _, step := range steps[version:] {
			if _, err := tx.ExecContext(ctx, step); err != nil {
				return fmt.Errorf("bring the schema up to date: %w", err)
			}
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version=%d; PRAGMA application_id=%d", len(steps), applicationID))
		if err != nil {
			return fmt.Errorf("note the schema's version: %w", err)
		}
		return nil
	})
}

func foreign(path string) error {
	return &quell.Error{
		Code: quell.CodeFailed,
		What: path + " is another program's database",
		Next: "give Quell a folder of its own with --home",
	}
}

func newer(path string, have, know int) error {
	return &quell.Error{
		Code: quell.CodeFailed,
		What: fmt.Sprintf("the ledger %s has schema %d and this Quell knows %d", path, have, know),
		Next: "use the newer Quell that wrote it; nothing was changed",
	}
}
