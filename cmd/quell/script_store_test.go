package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/ledger"
	"github.com/quell-ir/quell/store/keyfile"
	"github.com/quell-ir/quell/store/sqlite"
)

// forge changes one record of an incident as somebody with the file would: `forge home/ledger.db INCIDENT 3`.
func forge(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	seq, err := strconv.Atoi(args[2])
	ts.Check(err)
	const where = `tree = (SELECT id FROM tree WHERE name = ?) AND seq = ?`
	var data []byte
	ts.Check(db.QueryRow(`SELECT data FROM leaf WHERE `+where, args[1], seq).Scan(&data))
	forged := bytes.Replace(data, []byte(`"by":"`), []byte(`"by":"not `), 1)
	if bytes.Equal(forged, data) {
		ts.Fatalf("record %d names nobody: %s", seq, data)
	}
	_, err = db.Exec(`UPDATE leaf SET data = ? WHERE `+where, forged, args[1], seq)
	ts.Check(err)
	ts.Check(db.Close())
}

// pack compresses a file beside itself: `pack FILE gz`, `pack FILE zst`; `pack FILE gz half` leaves the second half away.
func pack(ts *testscript.TestScript, _ bool, args []string) {
	var out bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&out)
	if args[1] == "zst" {
		var err error
		w, err = zstd.NewWriter(&out)
		ts.Check(err)
	}
	_, err := io.WriteString(w, ts.ReadFile(args[0]))
	ts.Check(errors.Join(err, w.Close()))
	data := out.Bytes()
	if len(args) > 2 {
		data = data[:len(data)/2]
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+"."+args[1]), data, 0o600))
}

// held takes an incident as another machine's process would, until the script ends: `held INCIDENT`.
func held(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, ts.MkAbs("home/ledger.db"))
	ts.Check(err)
	ts.Defer(func() { ts.Check(store.Close()) })
	signer, key, err := keyfile.LoadOrCreateKey(ts.MkAbs("home/ledger.key"))
	ts.Check(err)
	_, err = ledger.Open(store, signer, key, quell.WallClock{}).Acquire(ctx, args[0], "elsewhere/1", time.Hour)
	ts.Check(err)
}
