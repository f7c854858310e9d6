package sqlite

import "context"

// OpenWith opens a store whose writer has further SQLite options: a bounded file, an impatient lock.
func OpenWith(ctx context.Context, path, options string) (*Store, error) {
	return open(ctx, path, options)
}
