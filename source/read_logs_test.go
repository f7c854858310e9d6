package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quell-ir/quell"
)

type logReader func(context.Context, io.Reader, string, func(quell.Event) error) (LogReport, error)

// readers are the readers by the kind that is told from content.
var readers = map[Kind]logReader{KindS3Access: ReadS3Access, KindELB: ReadELB, KindWAF: ReadWAF, KindResolver: ReadResolver, KindEKSAudit: ReadEKSAudit}

// describeEvents writes events and report as the .want files have them.
func describeEvents(t *testing.T, read logReader, text string) string {
	t.Helper()
	var b strings.Builder
	report, err := read(t.Context(), strings.NewReader(text), "log", func(e quell.Event) error {
		if !json.Valid(e.Raw) || bytes.Contains(e.Raw, []byte("\n")) || e.Origin != "log" || e.ID == "" {
			t.Errorf("event %+v with raw %s", e, e.Raw)
		}
		fmt.Fprintf(&b, "%s %s %s\n  account %q region %q ip %q agent %q error %q readonly %t\n  actor %+v\n", e.Time.Format(time.RFC3339Nano), e.Source, e.Name,
			e.Account, e.Region, e.SourceIP, e.UserAgent, e.ErrorCode, e.ReadOnly, e.Actor)
		for _, r := range e.Resources {
			fmt.Fprintf(&b, "  %s %s name=%s of=%s\n", r.Part, r.Key(), r.Name, r.Of)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "lines %d events %d quiet %d bad %d\n", report.Lines, report.Events, report.Quiet, report.BadTotal)
	for _, bad := range report.Bad {
		fmt.Fprintf(&b, "  line %d: %s\n", bad.Line, bad.Why)
	}
	return b.String()
}

func TestReadLogsGolden(t *testing.T) {
	for _, file := range examples(t, "testdata/log/*") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			// The file's name without its ending is its kind, and content alone must tell it.
			kind := Kind(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)))
			if got := handed(t, "f", string(data)); !strings.HasPrefix(got, string(kind)+"\n") {
				t.Errorf("taken for %.40q", got)
			}
			got := describeEvents(t, readers[kind], string(data))
			golden(t, file, got)
			if filepath.Ext(file) != ".json" {
				return
			}
			// The same entries as CloudWatch Logs gives them are the same events.
			var events []map[string]string
			for line := range strings.Lines(string(data)) {
				events = append(events, map[string]string{"message": line})
			}
			wrapped, err := json.Marshal(map[string]any{"events": events})
			if err != nil {
				t.Fatal(err)
			}
			again := describeEvents(t, readers[kind], string(wrapped))
			if head, _, _ := strings.Cut(got, "lines "); !strings.HasPrefix(again, head) {
				t.Errorf("from CloudWatch Logs:\n%s", again)
			}
		})
	}
}

func TestReadLogsStop(t *testing.T) {
	for kind, read := range readers {
		file := examples(t, "testdata/log/"+string(kind)+".*")[0]
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		enough := errors.New("enough")
		if _, err := read(t.Context(), bytes.NewReader(data), "", func(quell.Event) error { return enough }); !errors.Is(err, enough) {
			t.Errorf("%s: error %v", kind, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		none := func(quell.Event) error { t.Error("an event after the end"); return nil }
		if _, err := read(ctx, bytes.NewReader(data), "", none); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v", kind, err)
		}
		broken := io.MultiReader(bytes.NewReader(data), failing{enough})
		if _, err := read(t.Context(), broken, "", func(quell.Event) error { return nil }); !errors.Is(err, enough) {
			t.Errorf("%s: error %v", kind, err)
		}
		long := strings.Repeat("x", maxLogLine+1) + "\n" + string(data)
		report, err := read(t.Context(), strings.NewReader(long), "", func(quell.Event) error { return nil })
		if err != nil || report.Events == 0 || report.Bad[0].Line != 1 {
			t.Errorf("%s: behind a long line %+v, %v", kind, report, err)
		}
	}
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

func fuzzLog(f *testing.F, kind Kind) {
	files, err := filepath.Glob("testdata/log/" + string(kind) + ".*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		report, err := readers[kind](t.Context(), strings.NewReader(text), "f", func(e quell.Event) error {
			n++
			if e.Time.IsZero() && !strings.Contains(text, "0001") || e.Name == "" || e.ID == "" || !json.Valid(e.Raw) {
				t.Errorf("event %+v", e)
			}
			for _, r := range e.Resources {
				if r.ID == "" || r.Kind == "" || r.Part == "" {
					t.Errorf("entity %+v", r)
				}
			}
			return nil
		})
		if err != nil || n != report.Events || len(report.Bad) > maxBadLines || report.BadTotal < len(report.Bad) {
			t.Errorf("%d events, report %+v, %v", n, report, err)
		}
	})
}

func FuzzReadS3Access(f *testing.F) { fuzzLog(f, KindS3Access) }
func FuzzReadELB(f *testing.F)      { fuzzLog(f, KindELB) }
func FuzzReadWAF(f *testing.F)      { fuzzLog(f, KindWAF) }
func FuzzReadResolver(f *testing.F) { fuzzLog(f, KindResolver) }
func FuzzReadEKSAudit(f *testing.F) { fuzzLog(f, KindEKSAudit) }
