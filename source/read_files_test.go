package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/quell-ir/quell"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func gz(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zst(t testing.TB, text string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return string(w.EncodeAll([]byte(text), nil))
}

// tree writes files into a new folder.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// readAll reads paths and answers the texts by origin, with the kind before each, and why others were skipped.
func readAll(t testing.TB, root string, paths []string, opts Options) (texts, skipped map[string]string, report Report) {
	t.Helper()
	short := func(path string) string {
		if rel, err := filepath.Rel(root, path); err == nil && path != "-" {
			return filepath.ToSlash(rel)
		}
		return path
	}
	var mu sync.Mutex
	texts, skipped = map[string]string{}, map[string]string{}
	report, err := Files(t.Context(), paths, opts, func(_ context.Context, d Document) error {
		text, readErr := io.ReadAll(d.Reader)
		mu.Lock()
		defer mu.Unlock()
		if d.Worker < 0 || opts.Workers > 0 && d.Worker >= opts.Workers {
			t.Errorf("worker %d", d.Worker)
		}
		if _, again := texts[short(d.Origin)]; again {
			t.Errorf("%s was read twice", d.Origin)
		}
		texts[short(d.Origin)] = string(d.Kind) + " " + string(text)
		return readErr
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range report.Skipped {
		skipped[short(s.Path)] = strings.ReplaceAll(s.Why, root, "ROOT")
	}
	return texts, skipped, report
}

func TestFilesByContent(t *testing.T) {
	const record = `{"Records":[]}`
	const flow = "2 111122223333 eni-1 10.0.0.1 203.0.113.9 44321 443 6 10 840 1772600000 1772600060 ACCEPT OK\n"
	root := tree(t, map[string]string{
		"a.json": record, "b.json.gz": gz(t, record), "c.jsonl": "\n " + record + "\n", "d.zst": zst(t, record), "no-extension": gz(t, record),
		"lies.json": gz(t, record), "bom.json": "\xef\xbb\xbf" + record, "members.gz": gz(t, record) + gz(t, record), "x.json.cloudtrail": "[" + record + "]",
		"flow.txt": flow, "flow.log.gz": gz(t, "account-id srcaddr dstaddr action\n1 2 3 ACCEPT\n"),
		"empty.json": "", "empty.gz": gz(t, ""), "README.md": "# Logs\n", "LICENSE": "Apache License", "bad.json": "hello", "middle.jsonl": "Name\":\"x\"}\n" + record + "\n", "banner.txt": "Welcome\n" + record + "\n", "blank.log": "  \n\n",
		"archive.zip": "PK\x03\x04rest", "table.parquet": "PAR1rest", ".git/config": "[core]", "stub.gz": "\x1f\x8b\x08", "esc.txt": "\x1b[2Jgone",
		"AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/03/04/d.json.gz": gz(t, record),
	})
	texts, skipped, report := readAll(t, root, []string{root}, Options{Workers: 3})
	wantTexts := map[string]string{
		"a.json": "json " + record, "b.json.gz": "json " + record, "c.jsonl": "json \n " + record + "\n", "d.zst": "json " + record, "no-extension": "json " + record,
		"lies.json": "json " + record, "bom.json": "json " + record, "members.gz": "json " + record + record, "x.json.cloudtrail": "json [" + record + "]",
		"middle.jsonl": "json Name\":\"x\"}\n" + record + "\n",
		"flow.txt":     "flowlog " + flow, "flow.log.gz": "flowlog account-id srcaddr dstaddr action\n1 2 3 ACCEPT\n",
	}
	if diff := cmp.Diff(wantTexts, texts); diff != "" {
		t.Error(diff)
	}
	wantSkipped := map[string]string{
		"empty.json": "empty", "empty.gz": "empty", "README.md": `not a log: begins with "# Logs"`, "LICENSE": `not a log: begins with "Apache License"`,
		"bad.json": `not JSON: begins with "hello"`, "banner.txt": `not a log: begins with "Welcome"`, "blank.log": "empty", "archive.zip": "not a log: a zip archive inside; unpack it first",
		"table.parquet": "broken Parquet table: too short for a table", ".git": "not logs: a version history",
		"stub.gz": "truncated gzip: unexpected EOF", "esc.txt": `not a log: begins with "␛[2Jgone"`,
		"AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/03/04/d.json.gz": "not a log: a CloudTrail digest, which holds hashes of log files",
	}
	if diff := cmp.Diff(wantSkipped, skipped); diff != "" {
		t.Error(diff)
	}
	if report.Files != len(wantTexts) || report.Bytes == 0 {
		t.Errorf("report of %d files, %d bytes", report.Files, report.Bytes)
	}
}

func TestFilesBrokenInTheMiddle(t *testing.T) {
	var text strings.Builder
	for i := range 200_000 {
		text.WriteString(`{"n":"` + strings.Repeat("x", i%7) + time.Unix(int64(i)*7919, 0).UTC().String() + "\"}\n")
	}
	whole := gz(t, text.String())
	flipped := []byte(whole)
	flipped[len(flipped)/2] ^= 0xff
	files := map[string]string{"cut.gz": whole[:len(whole)/2], "flipped.gz": string(flipped), "cut.zst": zst(t, text.String())[:len(whole)/4], "tail.gz": whole + "garbage behind"}
	root := tree(t, files)
	texts, skipped, report := readAll(t, root, []string{root}, Options{})
	for name, why := range map[string]string{"cut.gz": "truncated gzip", "flipped.gz": "broken gzip", "cut.zst": "truncated zstd", "tail.gz": "broken gzip"} {
		got := strings.TrimPrefix(texts[name], "json ")
		if len(got) < 100_000 || name != "flipped.gz" && !strings.HasPrefix(text.String(), got) {
			t.Errorf("%s: %d bytes before the break were handed out", name, len(got))
		}
		if !strings.Contains(skipped[name], why) || !strings.HasPrefix(skipped[name], "read up to byte ") {
			t.Errorf("%s: %q, want %q", name, skipped[name], why)
		}
	}
	if report.Files != len(files) {
		t.Errorf("%d files", report.Files)
	}
	// Whoever reads may keep the failure to itself: the report has it all the same.
	report, err := Files(t.Context(), []string{filepath.Join(root, "cut.gz")}, Options{}, func(_ context.Context, d Document) error {
		_, _ = io.Copy(io.Discard, d.Reader)
		return nil
	})
	if err != nil || len(report.Skipped) != 1 {
		t.Errorf("report %+v, %v", report, err)
	}
}

func TestFilesBombs(t *testing.T) {
	// Members and frames may follow each other, which makes a bomb of one small piece.
	blanks := "[" + strings.Repeat(" ", 8<<20)
	root := tree(t, map[string]string{"ratio.gz": strings.Repeat(gz(t, blanks), 40), "ratio.zst": strings.Repeat(zst(t, blanks), 40)})
	drain := func(_ context.Context, d Document) error {
		_, err := io.Copy(io.Discard, d.Reader)
		return err
	}
	report, err := Files(t.Context(), []string{root}, Options{}, drain)
	if err != nil || len(report.Skipped) != 2 {
		t.Fatalf("report %+v, %v", report, err)
	}
	for _, s := range report.Skipped {
		if !strings.HasSuffix(s.Why, "expands beyond 300 times its size") {
			t.Errorf("%s: %s", s.Path, s.Why)
		}
	}
	report, err = Files(t.Context(), []string{root}, Options{MaxExpanded: 1 << 20}, drain)
	if err != nil || len(report.Skipped) != 2 || !strings.HasSuffix(report.Skipped[0].Why, "expands beyond 1048576 bytes") {
		t.Errorf("report %+v, %v", report, err)
	}
}

func TestFilesLinks(t *testing.T) {
	root := tree(t, map[string]string{"logs/a.json": "{}", "logs/deep/b.json": "{}", "other/c.json": "{}"})
	for from, to := range map[string]string{
		"logs/loop": root, "logs/deep/up": filepath.Join(root, "logs"), "logs/same.json": filepath.Join(root, "logs/a.json"),
		"logs/beside": filepath.Join(root, "other"), "logs/lost": filepath.Join(root, "nowhere"), "logs/self": filepath.Join(root, "logs/self"),
	} {
		if err := os.Symlink(to, filepath.Join(root, from)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	texts, skipped, _ := readAll(t, root, []string{filepath.Join(root, "logs"), filepath.Join(root, "logs/deep"), filepath.Join(root, "logs/a.json")}, Options{})
	// beside comes before loop, which then finds logs and other read; nothing is read twice, however often it is named.
	if len(texts) != 3 {
		t.Errorf("read %v", texts)
	}
	for _, name := range []string{"logs/deep/up", "logs/same.json", "logs/deep", "logs/a.json"} {
		if !strings.HasPrefix(skipped[name], "already read as") {
			t.Errorf("%s: %q", name, skipped[name])
		}
	}
	for _, name := range []string{"logs/lost", "logs/self"} {
		if !strings.HasPrefix(skipped[name], "unreadable: ") {
			t.Errorf("%s: %q", name, skipped[name])
		}
	}
}

func TestFilesByKey(t *testing.T) {
	files := map[string]string{"plain.json": "{}", "AWSLogs/odd/a.json": "{}"}
	for _, key := range []string{
		"b/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/03/a.json", "b/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/05/a.json",
		"b/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/06/a.json", "b/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/07/a.json",
		"b/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/05/a.json", "b/AWSLogs/o-1/999900001111/CloudTrail/eu-west-1/2026/03/05/a.json",
	} {
		files[key] = "{}"
	}
	root := tree(t, files)
	opts := Options{
		Since: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), Until: time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC),
		Accounts: []string{"111122223333"}, Regions: []string{"eu-west-1"},
	}
	texts, _, report := readAll(t, root, []string{root}, opts)
	want := map[string]string{
		"plain.json": "json {}", "AWSLogs/odd/a.json": "json {}",
		"b/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/05/a.json": "json {}", "b/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/06/a.json": "json {}",
	}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Error(diff)
	}
	if report.Filtered != 4 {
		t.Errorf("%d filtered", report.Filtered)
	}
}

func TestFilesStdinProgressAndErrors(t *testing.T) {
	opts := Options{Stdin: strings.NewReader(gz(t, "[1]")), Progress: new(Progress)}
	texts, _, report := readAll(t, ".", []string{"-", "-"}, opts)
	if got := opts.Progress.Look(); texts["-"] != "json [1]" || got != (Reached{Bytes: report.Bytes, Total: -1, Files: 1, TotalFiles: -1}) {
		t.Errorf("stdin %v, progress %+v, want %d bytes", texts, got, report.Bytes)
	}
	nothing := func(context.Context, Document) error { return nil }
	if _, err := Files(t.Context(), []string{"-"}, Options{}, nothing); err == nil {
		t.Error("standard input that was not given is no error")
	}
	if _, err := Files(t.Context(), []string{"no/such/folder"}, Options{}, nothing); quell.CodeOf(err) != quell.CodeUsage {
		t.Errorf("error %v", err)
	}
	files := map[string]string{}
	for i := range 100 {
		files[strings.Repeat("f", i+1)+".json"] = "{}"
	}
	root := tree(t, files)
	enough := errors.New("enough")
	if _, err := Files(t.Context(), []string{root}, Options{}, func(context.Context, Document) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := Files(ctx, []string{root}, Options{}, func(ctx context.Context, _ Document) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestFilesUnreadable(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads every file: nothing is unreadable here")
	}
	root := tree(t, map[string]string{"a.json": "{}", "b.json": "{}"})
	if err := os.Chmod(filepath.Join(root, "a.json"), 0); err != nil {
		t.Fatal(err)
	}
	texts, skipped, _ := readAll(t, root, []string{root}, Options{})
	if len(texts) != 1 || skipped["a.json"] != "unreadable: permission denied" {
		t.Errorf("read %v, skipped %v", texts, skipped)
	}
}

// TestFilesPublic reads folders that others published.
func TestFilesPublic(t *testing.T) {
	const root = "../../shared/data"
	if _, err := os.Stat(root); err != nil {
		t.Skip("no published logs at ../shared/data: nothing to read")
	}
	texts, skipped, _ := readAll(t, root, []string{root + "/stratus", root + "/traildiscover"}, Options{})
	for name, text := range texts {
		if !strings.HasPrefix(text, "json ") {
			t.Errorf("%s: %.40s", name, text)
		}
	}
	for name, why := range skipped {
		if strings.Contains(name, ".json") || !strings.HasPrefix(why, "not a log: ") {
			t.Errorf("%s: %s", name, why)
		}
	}
	t.Logf("%d files read, %d are no logs", len(texts), len(skipped))
}

func FuzzFile(f *testing.F) {
	f.Add([]byte(`{"a":1}`))
	f.Add([]byte(gz(f, `[{"a":1}]`)))
	f.Add([]byte(zst(f, `[{"a":1}]`)))
	f.Add([]byte("\xef\xbb\xbf \n"))
	var x expander
	f.Cleanup(x.close)
	f.Fuzz(func(t *testing.T, data []byte) {
		body, err := x.open(bytes.NewReader(data), 1<<20, 300)
		if err != nil {
			return
		}
		kind, shape, why := sniff(body, "f.json")
		if (kind == "" && shape == "") == (why == "") {
			t.Errorf("kind %q, shape %q and why %q", kind, shape, why)
		}
		n, err := io.Copy(io.Discard, body)
		if n > 1<<20+peekBytes*8 || (err == nil) != (body.err == nil) {
			t.Errorf("%d bytes, error %v, kept %v", n, err, body.err)
		}
	})
}

func BenchmarkFiles(b *testing.B) {
	line := `{"eventVersion":"1.11","eventTime":"2026-03-04T05:06:07Z","eventSource":"iam.amazonaws.com","eventName":"ListUsers","requestID":"`
	var text strings.Builder
	for i := range 50_000 {
		text.WriteString(line + quell.ShortHash(32, line, string(rune(i))) + "\"}\n")
	}
	root := tree(b, map[string]string{"a.json.gz": gz(b, text.String())})
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		_, err := Files(b.Context(), []string{root}, Options{Workers: 1}, func(_ context.Context, d Document) error {
			_, err := io.Copy(io.Discard, d.Reader)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
