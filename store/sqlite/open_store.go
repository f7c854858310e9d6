package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver named "sqlite"
)

// checkUpTo is the size of file, in bytes, up to which Open reads the whole database to find damage. It costs about
// a tenth of a second there; beyond it damage is found when the page is read, or by Check.
const checkUpTo = 16 << 20

// Store is a ledger.Store in one SQLite file.
type Store struct {
	path string
	// write has one connection, so that this process's writers queue here and not on the file's lock; read has some, so
	// that a reader who goes slowly through a ledger holds up nobody.
	write *sql.DB
	read  *sql.DB
}

// Open opens the ledger at path, making file and folder where they aren't there. Close must be called.
func Open(ctx context.Context, path string) (*Store, error) {
	return open(ctx, path, "_pragma=busy_timeout(5000)")
}

// open is Open with SQLite options for the connection that writes.
func open(ctx context.Context, path, options string) (*Store, error) {
	size, err := prepareFile(path)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path}
	if s.write, err = connect(path, "_txlock=immediate&_pragma=synchronous(FULL)&"+options, 1); err != nil {
		return nil, s.explain("open", err)
	}
	if s.read, err = connect(path, "_pragma=query_only(1)&_pragma=busy_timeout(5000)", 4); err != nil {
		return nil, errors.Join(s.explain("open", err), s.write.Close())
	}
	if err := s.prepare(ctx, size); err != nil {
		return nil, errors.Join(s.explain("open", err), s.Close())
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context, size int64) error {
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if size <= checkUpTo {
		return s.Check(ctx)
	}
	return nil
}

// Check reads the whole file and returns an error where SQLite finds it damaged. It proves nothing about tampering: that
// is ledger.Verify's.
func (s *Store) Check(ctx context.Context) error {
	var result string
	if err := s.read.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&result); err != nil {
		return s.explain("check", err)
	}
	if result != "ok" {
		return s.corrupted(errors.New(result))
	}
	return nil
}

// Close ends all connections. What was appended is safe whether or not it is called.
func (s *Store) Close() error {
	return errors.Join(s.read.Close(), s.write.Close())
}

func connect(path, options string, connections int) (*sql.DB, error) {
	// As a URI, because a path may hold the question mark that would start the options.
	uri := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: options}
	db, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// prepareFile makes the file, readable by its owner alone, before SQLite does so with whatever rights the umask leaves;
// SQLite gives its side files the same rights. It returns the file's size.
func prepareFile(path string) (int64, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, unwritable(path, err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, unwritable(path, err)
	}
	info, err := file.Stat()
	if err = errors.Join(err, file.Close()); err != nil {
		return 0, unwritable(path, err)
	}
	return info.Size(), nil
}
