//go:build unix

package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
)

// stopped is a record that a rule of ours always finds; its id is the name of the file that it lies in.
func stopped(id, when string) string {
	id, _ = strings.CutSuffix(fmt.Sprintf("%q", id), `"`)
	return `{"eventVersion":"1.10","userIdentity":{"type":"IAMUser","principalId":"AIDACKCEVSQ6C2EXAMPLE","arn":"arn:aws:iam::123456789012:user/ci",` +
		`"accountId":"123456789012","accessKeyId":"AKIAIOSFODNN7LEAKED1","userName":"ci"},` + when + `"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging",` +
		`"awsRegion":"us-east-1","sourceIPAddress":"198.51.100.7","userAgent":"aws-cli","requestParameters":{"name":"main"},"eventID":` + id + `","eventType":"AwsApiCall","recipientAccountId":"123456789012"}`
}

func good(id string) string { return stopped(id, `"eventTime":"2026-03-02T03:00:00Z",`) }

// ordinary are records of no interest that do not compress to nothing.
func ordinary(n int) string {
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for range n {
		fmt.Fprintf(&b, `{"eventVersion":"1.10","eventTime":"2026-03-02T03:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","eventID":"%016x%016x"}`+"\n", random.Uint64(), random.Uint64())
	}
	return b.String()
}

func gzipped(t *testing.T, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for _, part := range parts {
		if _, err := w.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// archives are a zip and a tar with a log inside.
func archives(t *testing.T) (zipped, tarred []byte) {
	t.Helper()
	var z, r bytes.Buffer
	zw := zip.NewWriter(&z)
	f, err := zw.Create("inside.json")
	if err != nil {
		t.Fatal(err)
	}
	tw := tar.NewWriter(&r)
	inside := []byte(good("inside"))
	if err := tw.WriteHeader(&tar.Header{Name: "inside.json", Mode: 0o600, Size: int64(len(inside))}); err != nil {
		t.Fatal(err)
	}
	for _, w := range []interface{ Write([]byte) (int, error) }{f, tw} {
		if _, err := w.Write(inside); err != nil {
			t.Fatal(err)
		}
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	return z.Bytes(), r.Bytes()
}

// badFile is a file of the folder: what it holds, the ids of the good records in it, and what is said of the rest: nothing
// where all of it is read.
type badFile struct {
	name   string
	pieces []piece
	good   []string
	why    string
	packed int // in how many layers of gzip
}

// piece is a text some times over. Files are written piece by piece, for what this process holds counts as the program's:
// a process begins with the peak of the one that started it.
type piece struct {
	text  string
	times int
}

func text(parts ...string) []piece {
	out := make([]piece, len(parts))
	for i, part := range parts {
		out[i] = piece{part, 1}
	}
	return out
}

// around puts a text many times between two others.
func around(before, text string, times int, after string) []piece {
	return []piece{{before, 1}, {text, times}, {after, 1}}
}

func (f badFile) write(t *testing.T, root string) {
	t.Helper()
	file, err := os.Create(filepath.Join(root, f.name))
	if err != nil {
		t.Fatal(err)
	}
	var out io.Writer = file
	closers := []io.Closer{file}
	for range f.packed {
		layer := gzip.NewWriter(out)
		out, closers = layer, append(closers, layer)
	}
	for _, p := range f.pieces {
		for range p.times {
			if _, err := io.WriteString(out, p.text); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range slices.Backward(closers) {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func badFiles(t *testing.T) []badFile {
	filler := ordinary(20_000)
	cut := gzipped(t, good("cut.gz"), filler)
	broken := gzipped(t, good("broken.gz"), filler)
	broken[len(broken)/2] ^= 0x55
	blank := strings.Repeat(" ", 1<<20)
	zipped, tarred := archives(t)
	return []badFile{
		{"good.json", text(`{"Records":[`, good("good.json"), `]}`), []string{"good.json"}, "", 0},
		{"cut.json.gz", text(string(cut[:len(cut)/2])), []string{"cut.gz"}, "truncated gzip", 0},
		{"broken.json.gz", text(string(broken)), []string{"broken.gz"}, "broken gzip", 0},
		{"stub.gz", text("\x1f\x8b\x08"), nil, "truncated gzip", 0},
		{"bomb.json.gz", around(good("bomb.gz"), blank, 300, ""), []string{"bomb.gz"}, "expands beyond 300 times", 1},
		{"bomb-in-bomb.gz", around(good("bomb2.gz"), blank, 300, ""), []string{"bomb2.gz"}, "expands beyond 300 times", 2},
		{"deep.json", text(good("deep-before"), `{"a":`, strings.Repeat("[", 100_000), strings.Repeat("]", 100_000), `}`, good("deep-after")), []string{"deep-before", "deep-after"}, "nested too deep", 0},
		{"deep-objects.json", text(`{"Records":[`, strings.Repeat(`{"a":`, 100_000), "1", strings.Repeat("}", 100_000), ",", good("deep-list"), "]}"), []string{"deep-list"}, "nested too deep", 0},
		{"deep-open.json", text(good("deep-open"), strings.Repeat("[", 100_000)), []string{"deep-open"}, "nested too deep", 0},
		{"long.json", around(good("long-before")+`{"a":"`, strings.Repeat("x", 1<<20), 50, `"}`+good("long-after")), []string{"long-before", "long-after"}, "more than 16 MiB", 0},
		{"nul.json", text(good("nul-before"), strings.Repeat("\x00", 5000), "\n", good("nul-after")), []string{"nul-before", "nul-after"}, "NUL bytes", 0},
		{"utf8.json", text(good("utf8-before"), "\n", strings.Replace(good("utf8-bad"), "aws-cli", "\xff\xfe", 1), "\n", good("utf8-after")), []string{"utf8-before", "utf8-after"}, "not UTF-8", 0},
		{"half.json", text(`{"Records":[`, good("half"), `,{"eventName":"Stop`), []string{"half"}, "ends within a record", 0},
		{"prose.json", text(good("prose-before"), "\nand then nothing\n", good("prose-after")), []string{"prose-before", "prose-after"}, "no JSON", 0},
		{"times.json", badTimes(), []string{"offset", "year 0", "year 9999"}, "is not an RFC 3339 time", 0},
		{"bom.json", text("\xef\xbb\xbf", good("bom")), []string{"bom"}, "", 0},
		{"utf16.json", text("\xff\xfe{\x00\"\x00a\x00\""), nil, "not JSON", 0},
		{"flow.log", text("2 111122223333 eni-1 10.0.0.1 203.0.113.9 44321 443 6 10 840 1772600000 1772600060 ACCEPT OK\n2 111122223333 eni-1 nonsense\n"), nil, "1 of 2 lines", 0},
		{"elb.log", text(`https 2026-03-02T03:00:00.000000Z app/lb/50dc6c495c0c9188 192.0.2.1:2817 10.0.0.1:80 0.0 0.0 0.0 200 200 34 366 "GET https://example.com:443/ HTTP/1.1" "curl" - - arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/t/7 "Root=1" "example.com" "-" 0 2026-03-02T03:00:00.0Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"`, "\n"), nil, "", 0},
		{"people.csv", text("name,room\nann,12\n"), nil, "not a log", 0},
		{"guardduty.json", text(`{"SchemaVersion":"2.0","AccountId":"123456789012","Region":"us-east-1","Partition":"aws","Id":"gd1","Type":"UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom","Severity":5,"CreatedAt":"2026-03-02T03:00:00Z","UpdatedAt":"2026-03-02T03:05:00Z","Title":"t","Description":"d","Arn":"arn:aws:guardduty:us-east-1:123456789012:detector/d/finding/gd1","Resource":{"ResourceType":"AccessKey","AccessKeyDetails":{"AccessKeyId":"AKIAIOSFODNN7LEAKED1","PrincipalId":"AIDACKCEVSQ6C2EXAMPLE","UserName":"ci","UserType":"IAMUser"}},"Service":{"ServiceName":"guardduty","Action":{"ActionType":"AWS_API_CALL","AwsApiCallAction":{"Api":"ListBuckets","ServiceName":"s3.amazonaws.com","RemoteIpDetails":{"IpAddressV4":"198.51.100.7"}}},"EventFirstSeen":"2026-03-02T03:00:00Z","EventLastSeen":"2026-03-02T03:05:00Z","Count":3}}`), nil, "", 0},
		{"notes.txt", text("call the lawyers\n"), nil, "not a log", 0},
		{"picture.png", text("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), nil, "not a log", 0},
		{"report.pdf", text("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), nil, "not a log", 0},
		{"logs.zip", text(string(zipped)), nil, "a zip archive", 0},
		{"logs.tar", text(string(tarred)), nil, "a tar archive", 0},
		{"logs.tar.gz", text(string(tarred)), nil, "a tar archive", 1},
		{"logs.bz2", text("BZh91AY&SY"), nil, "bzip2", 0},
		{"table.parquet", text("PAR1rest"), nil, "broken Parquet table", 0},
		{"empty.json", nil, nil, "empty", 0},
		{"blank.json", text(strings.Repeat("\n", 200)), nil, "empty", 0},
		{"new\nline.json", text(good("newline"), "\x00"), []string{"newline"}, "NUL bytes", 0},
		{"esc\x1b[2J\x1b]0;owned\x07.json", text(good("escape"), "\x00"), []string{"escape"}, "NUL bytes", 0},
		{"bad\xff\xfe.json", text(good("bytes"), "\x00"), []string{"bytes"}, "NUL bytes", 0},
		{"\u202egnp.json", text(good("bidi"), "\x00"), []string{"bidi"}, "NUL bytes", 0},
	}
}

// badTimes are records whose times are missing or absurd. Years that nobody lives in are times all the same.
func badTimes() []piece {
	var out []string
	for id, at := range map[string]string{
		"year 0": `"0000-01-01T00:00:00Z"`, "year 9999": `"9999-12-31T23:59:59Z"`, "offset": `"2026-03-02T05:00:00+02:00"`,
		"number": "1772420645", "huge": "1e300", "negative": "-5", "word": `"yesterday"`, "zone": `"2026-03-02T03:00:00+25:99"`, "blank": `"2026-03-02 03:00:00"`,
		"february": `"2026-02-31T00:00:00Z"`, "list": `["2026-03-02T03:00:00Z"]`, "object": "{}", "null": "null", "empty": `""`, "long": `"` + strings.Repeat("2", 100_000) + `"`,
	} {
		out = append(out, stopped(id, `"eventTime":`+at+","), "\n")
	}
	return text(append(out, stopped("missing", ""))...)
}

// hunted runs the real program over a folder and answers what it printed, with the most memory it held, in bytes.
func hunted(t *testing.T, args ...string) (out []byte, errs string, status int, most int64) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The test binary is the program where it is called so.
	program := filepath.Join(t.TempDir(), "quell")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "GORACE=" + noNap}
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if use, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		most = int64(use.Maxrss)
		if runtime.GOOS == "linux" {
			most *= 1024 // elsewhere it is in bytes already
		}
	}
	return stdout.Bytes(), stderr.String(), cmd.ProcessState.ExitCode(), most
}

// TestHuntFolderOfBadInput hunts through a folder of everything that can be wrong with logs: whatever was not read is named
// with its reason, each good record beside it is judged, and memory stays bounded.
func TestHuntFolderOfBadInput(t *testing.T) {
	root := t.TempDir()
	files := badFiles(t)
	for _, f := range files {
		f.write(t, root)
	}
	// What is in a folder that is no file. To open the pipe would wait for ever.
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Symlink(".", filepath.Join(root, "loop")))
	must(os.Symlink("nowhere", filepath.Join(root, "dangling.json")))
	must(os.Symlink("round", filepath.Join(root, "round")))
	must(os.Symlink("good.json", filepath.Join(root, "again.json")))
	must(syscall.Mkfifo(filepath.Join(root, "pipe.json"), 0o600))
	socket, err := net.Listen("unix", filepath.Join(root, "s.json"))
	must(err)
	defer socket.Close()
	files = append(files, badFile{name: "loop", why: "already read"}, badFile{name: "dangling.json", why: "unreadable: no such file"},
		badFile{name: "round", why: "unreadable: too many levels"}, badFile{name: "again.json", why: "already read"},
		badFile{name: "pipe.json", why: "not a regular file"}, badFile{name: "s.json", why: "not a regular file"})

	out, errs, status, most := hunted(t, "hunt", root, "--json")
	if status != exitOK {
		t.Fatalf("status %d: %s", status, errs)
	}
	if !utf8.Valid(out) {
		t.Error("what was printed is not UTF-8")
	}
	var r hunt.Result
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	checkBadFolder(t, root, files, r)
	// Each record of times.json that was not found is named.
	if n := countWhy(r, "times.json"); n != 13 {
		t.Errorf("%d of 13 records with bad times are named", n)
	}
	if limit := int64(400 << 20); most > limit {
		t.Errorf("it held %d MiB, more than %d", most>>20, limit>>20)
	}
	t.Logf("%d files, %d findings, %d skipped, at most %d MiB", len(files), len(r.Findings), len(r.Skipped), most>>20)

	table, _, _, _ := hunted(t, "hunt", root)
	for line := range strings.Lines(string(table)) {
		if line = strings.TrimSuffix(line, "\n"); quell.Clean(line) != line || columnsOf(line) > tableColumns {
			t.Errorf("the table holds %q", line)
		}
	}
}

// checkBadFolder holds a result against what the files are.
func checkBadFolder(t *testing.T, root string, files []badFile, r hunt.Result) {
	t.Helper()
	seen := map[string]bool{}
	for _, f := range r.Findings {
		for _, id := range f.Events {
			seen[id] = true
		}
	}
	// JSON has no bytes that are not UTF-8; the name is given with marks in their place.
	shown := func(name string) string { return strings.ToValidUTF8(filepath.Join(root, name), "\ufffd") }
	why := map[string][]string{}
	for _, s := range r.Skipped {
		if s.Why == "" {
			t.Errorf("%s is skipped without a reason", s.Path)
		}
		path := strings.ReplaceAll(s.Path, "\ufffd\ufffd", "\ufffd")
		why[path] = append(why[path], s.Why)
	}
	for _, f := range files {
		for _, id := range f.good {
			if !seen[id] {
				t.Errorf("%q: the good record %s was not judged", f.name, id)
			}
		}
		said := why[shown(f.name)]
		switch {
		case f.why == "" && len(said) > 0:
			t.Errorf("%q: skipped, %q", f.name, said)
		case f.why != "" && !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, f.why) }):
			t.Errorf("%q: said %.300q, want %q", f.name, said, f.why)
		}
		delete(why, shown(f.name))
	}
	for path, said := range why {
		t.Errorf("%q was not there: %q", path, said)
	}
	if seen["inside"] {
		t.Error("an archive was read that nobody said was")
	}
}

// countWhy counts the reasons given for a file.
func countWhy(r hunt.Result, name string) int {
	n := 0
	for _, s := range r.Skipped {
		if filepath.Base(s.Path) == name {
			n++
		}
	}
	return n
}

// TestHuntUnreadable asks for what the operating system refuses. It refuses root nothing.
func TestHuntUnreadable(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads every file: nothing is unreadable here")
	}
	root := t.TempDir()
	for _, f := range []badFile{{name: "a.json", pieces: text(good("a"))}, {name: "b.json", pieces: text(good("b"))}} {
		f.write(t, root)
	}
	if err := os.Chmod(filepath.Join(root, "b.json"), 0); err != nil {
		t.Fatal(err)
	}
	out, errs, status, _ := hunted(t, "hunt", root, "--json")
	var r hunt.Result
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("status %d, %s: %v", status, errs, err)
	}
	checkBadFolder(t, root, []badFile{{name: "a.json", good: []string{"a"}}, {name: "b.json", why: "permission denied"}}, r)
}
