package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/quell-ir/quell"
)

// explain turns SQLite's codes into errors that say what to do. What has another origin is only wrapped.
func (s *Store) explain(verb string, err error) error {
	var known *quell.Error
	var failed *driver.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if !errors.As(err, &failed) {
		return fmt.Errorf("%s the ledger %s: %w", verb, s.path, err)
	}
	// The low byte is the class; the rest says more than a person can use.
	switch failed.Code() & 0xff {
	case codes.SQLITE_FULL:
		return &quell.Error{Code: quell.CodeFailed, Err: err,
			What: "the disk under " + s.path + " is full; nothing was recorded, and so no call is sent",
			Next: "free some space and run the command again: it goes on where it stopped"}
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		return &quell.Error{Code: quell.CodeFailed, Err: err,
			What: "another process keeps the ledger " + s.path + " locked",
			Next: "end it or wait for it, then run the command again"}
	case codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB:
		return s.corrupted(err)
	case codes.SQLITE_READONLY, codes.SQLITE_CANTOPEN, codes.SQLITE_PERM, codes.SQLITE_AUTH:
		return unwritable(s.path, err)
	case codes.SQLITE_IOERR:
		return &quell.Error{Code: quell.CodeFailed, Err: err,
			What: "the disk under " + s.path + " does not read or write",
			Next: "copy the folder to another disk and start Quell there with --home"}
	}
	return fmt.Errorf("%s the ledger %s: %w", verb, s.path, err)
}

// corrupted tells people to keep the file: it is evidence, and most of a damaged database can still be read.
func (s *Store) corrupted(err error) error {
	return &quell.Error{
		Code: quell.CodeFailed,
		What: "the ledger " + s.path + " is damaged",
		Next: "move it away together with its -wal and -shm files, without deleting them, and restore it from a backup; " +
			"exported bundles hold their incidents whole",
		Err: err,
	}
}

func unwritable(path string, err error) error {
	return &quell.Error{
		Code: quell.CodeFailed,
		What: "cannot write the ledger in " + filepath.Dir(path),
		Next: "make the folder yours and writable, or name another with --home",
		Err:  err,
	}
}
