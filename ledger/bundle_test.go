package ledger_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/ledger"
)

// bundleOf exports inc with its artefacts.
func bundleOf(t testing.TB, log *ledger.Log) []byte {
	t.Helper()
	var b bytes.Buffer
	check(t, log.Export(t.Context(), "inc", &b, openArtefact))
	return b.Bytes()
}

func openArtefact(sum string) (io.ReadCloser, error) {
	for i := range 1000 {
		if content := artefact(i); sumOf(content) == sum {
			return io.NopCloser(strings.NewReader(content)), nil
		}
	}
	return nil, errors.New("no such artefact")
}

// part is one file of a bundle in a test's hands.
type part struct {
	name string
	data []byte
}

func unpack(t testing.TB, bundle []byte) []part {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	check(t, err)
	var out []part
	for _, f := range z.File {
		r, err := f.Open()
		check(t, err)
		data, err := io.ReadAll(r)
		check(t, err)
		out = append(out, part{f.Name, data})
	}
	return out
}

// pack makes an archive: as the ledger does, or compressed, as other programs do.
func pack(t testing.TB, parts []part, method uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		w, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: method})
		check(t, err)
		_, err = w.Write(p.data)
		check(t, err)
	}
	check(t, z.Close())
	return b.Bytes()
}

func verify(t testing.TB, bundle []byte, key string, pinned ...[]byte) ledger.Report {
	t.Helper()
	report, err := ledger.VerifyBundle(bytes.NewReader(bundle), int64(len(bundle)), key, pinned...)
	check(t, err)
	return report
}

func file(parts []part, name string) *part {
	for i := range parts {
		if parts[i].name == name {
			return &parts[i]
		}
	}
	return &part{}
}

func TestBundle(t *testing.T) {
	log, _ := filled(t, 101)
	bundle := bundleOf(t, log)
	if !bytes.Equal(bundle, bundleOf(t, log)) {
		t.Error("two exports of the same incident differ")
	}
	for _, key := range []string{"", log.Key().Fingerprint(), log.Key().String(), strings.ToUpper(log.Key().Fingerprint()[7:])} {
		report := verify(t, bundle, key)
		_, root, err := log.Root(t.Context(), "inc")
		check(t, err)
		if !report.OK || report.Size != 101 || report.Root != root || report.Incident != "inc" || report.Evidence != 5 ||
			report.Repacked || report.Pinned != (key != "") || report.Fingerprint != log.Key().Fingerprint() {
			t.Errorf("with key %q the report is %+v", key, report)
		}
	}
	if report := verify(t, pack(t, unpack(t, bundle), zip.Deflate), ""); !report.OK || !report.Repacked {
		t.Errorf("packed again by another program: %+v", report)
	}
	turned := unpack(t, bundle)
	turned[0], turned[1] = turned[1], turned[0]
	if report := verify(t, pack(t, turned, zip.Store), ""); !report.OK || !report.Repacked {
		t.Errorf("packed again in another order: %+v", report)
	}
	tells(t, verify(t, bundle, "sha256:0000"), "key.pub", "not signed with the key you named")
	longer, err := filledCheckpoint(t, 120)
	check(t, err)
	tells(t, verify(t, bundle, "", longer), "records 101 to 119", "cut off")
}

func TestBundleEmpty(t *testing.T) {
	log, _ := filled(t, 1)
	err := log.Export(t.Context(), "nobody", io.Discard, openArtefact)
	if quell.CodeOf(err) != quell.CodeUsage {
		t.Errorf("export of an unknown incident: %v", err)
	}
	if n, err := log.Size(t.Context(), ledger.Global); err != nil || n != 0 {
		t.Errorf("it was anchored all the same: %d, %v", n, err)
	}
}

// editRecords changes the lines of records.jsonl.
func editRecords(change func(lines []string) []string) func([]part) []part {
	return func(parts []part) []part {
		p := file(parts, "records.jsonl")
		lines := strings.SplitAfter(strings.TrimSuffix(string(p.data), "\n"), "\n")
		lines[len(lines)-1] += "\n"
		p.data = []byte(strings.Join(change(lines), ""))
		return parts
	}
}

func replaceFile(name, from, to string) func([]part) []part {
	return func(parts []part) []part {
		p := file(parts, name)
		p.data = bytes.Replace(p.data, []byte(from), []byte(to), 1)
		return parts
	}
}

func remove(name string) func([]part) []part {
	return func(parts []part) []part {
		return slices.DeleteFunc(parts, func(p part) bool { return p.name == name })
	}
}

func TestBundleTampered(t *testing.T) {
	log, _ := filled(t, 101)
	bundle := bundleOf(t, log)
	shorter, _ := filled(t, 40)
	old := unpack(t, bundleOf(t, shorter))
	evidence := "evidence/" + sumOf(artefact(43))
	flip := func(n int) func([]part) []part {
		return editRecords(func(l []string) []string { l[n] = strings.Replace(l[n], `"by":"q`, `"by":"Q`, 1); return l })
	}
	tests := map[string]struct {
		edit func([]part) []part
		want []string
	}{
		"flip first":   {flip(0), []string{"record 0 of inc", "changed"}},
		"flip inner":   {flip(37), []string{"record 37 of inc", "changed"}},
		"flip at peak": {flip(63), []string{"record 63 of inc", "changed"}},
		"flip last":    {flip(100), []string{"record 100 of inc", "changed"}},
		"number":       {editRecords(func(l []string) []string { l[5] = strings.Replace(l[5], `"seq":5`, `"seq":6`, 1); return l }), []string{"record 5 of inc", "changed"}},
		"drop first":   {editRecords(func(l []string) []string { return l[1:] }), []string{"record 0 of inc", "missing"}},
		"drop":         {editRecords(func(l []string) []string { return slices.Delete(l, 20, 23) }), []string{"records 20 to 22 of inc", "missing"}},
		"truncate":     {editRecords(func(l []string) []string { return l[:97] }), []string{"records 97 to 100 of inc", "cut off"}},
		"mid-line":     {editRecords(func(l []string) []string { l[100] = l[100][:20]; return l }), []string{"record 100 of inc", "changed"}},
		"swap":         {editRecords(func(l []string) []string { l[8], l[9] = l[9], l[8]; return l }), []string{"of inc", "moved"}},
		"reorder":      {editRecords(func(l []string) []string { return append(l[60:], l[:60]...) }), []string{"records 60 to 100 of inc", "moved"}},
		"double":       {editRecords(func(l []string) []string { return slices.Insert(l, 9, l[4]) }), []string{"record 4 of inc", "second time"}},
		"blank line":   {editRecords(func(l []string) []string { return slices.Insert(l, 9, "\n") }), []string{"record 9 of inc", "added"}},
		"no newline":   {editRecords(func(l []string) []string { l[100] = strings.TrimSpace(l[100]); return l }), []string{"records.jsonl", "cut off"}},
		"add":          {editRecords(func(l []string) []string { return append(l, "{\"seq\":101}\n") }), []string{"record 101 of inc", "added"}},

		"no records":     {remove("records.jsonl"), []string{"records 0 to 100 of inc", "cut off"}},
		"no hashes":      {remove("hashes.bin"), []string{"hashes.bin", "missing"}},
		"no checkpoint":  {remove("checkpoint"), []string{"checkpoint", "signature"}},
		"no history":     {remove("history.jsonl"), []string{"history.jsonl", "missing"}},
		"no manifest":    {remove("manifest.txt"), []string{"manifest.txt", "not a manifest"}},
		"no seal":        {remove("manifest.sig"), []string{"manifest.sig", "signature"}},
		"no key":         {remove("key.pub"), []string{"key.pub", "malformed"}},
		"no readme":      {remove("README.txt"), []string{"README.txt", "missing"}},
		"readme":         {replaceFile("README.txt", "FINGERPRINT", "nothing"), []string{"README.txt", "changed"}},
		"proof":          {replaceFile("history.jsonl", `"proof":["`, `"proof":["AAAA`), []string{"history.jsonl line 1", "proof"}},
		"hash":           {func(p []part) []part { file(p, "hashes.bin").data[64] ^= 1; return p }, []string{"records 0 to 1 of inc", "stored hash"}},
		"old checkpoint": {func(p []part) []part { *file(p, "checkpoint") = *file(old, "checkpoint"); return p }, []string{"record 40 of inc", "added"}},
		"old records and checkpoint": {func(p []part) []part {
			for _, name := range []string{"checkpoint", "records.jsonl", "hashes.bin"} {
				*file(p, name) = *file(old, name)
			}
			return p
		}, []string{"records 40 to 100 of inc", "cut off"}},
		"old manifest": {func(p []part) []part {
			*file(p, "manifest.txt"), *file(p, "manifest.sig") = *file(old, "manifest.txt"), *file(old, "manifest.sig")
			return p
		}, []string{"records.jsonl", "changed"}},

		"evidence changed": {replaceFile(evidence, "content", "kontent"), []string{"record 43 of inc", "trail 43", "changed"}},
		"evidence swapped": {func(p []part) []part { file(p, evidence).data = []byte(artefact(3)); return p }, []string{"record 43 of inc", "trail 43", "changed"}},
		"evidence removed": {remove(evidence), []string{"record 43 of inc", "trail 43", "removed"}},
		"evidence added":   {func(p []part) []part { return append(p, part{"evidence/" + sumOf("x"), []byte("x")}) }, []string{sumOf("x"), "was added"}},
		"file added":       {func(p []part) []part { return append(p, part{"../../etc/passwd", []byte("x")}) }, []string{"../../etc/passwd", "no part of a bundle"}},
		"file of control":  {func(p []part) []part { return append(p, part{"\x1b[2J", []byte("x")}) }, []string{"no part of a bundle"}},
		"file twice":       {func(p []part) []part { return append(p, *file(p, "records.jsonl")) }, []string{"records.jsonl", "there twice"}},
	}
	for name, test := range tests {
		for packing, method := range map[string]uint16{"as ours": zip.Store, "compressed": zip.Deflate} {
			t.Run(name+" "+packing, func(t *testing.T) {
				report := verify(t, pack(t, test.edit(unpack(t, bundle)), method), "")
				tells(t, report, test.want...)
				for _, p := range report.Problems {
					if strings.ContainsAny(p.String(), "\x1b\n") {
						t.Errorf("a problem holds control characters: %q", p.String())
					}
				}
			})
		}
	}
}

// TestBundleForgedAnew is the one forgery that proves itself: everything made again under another key.
func TestBundleForgedAnew(t *testing.T) {
	real, _ := filled(t, 10)
	signer, key := testKey(t, 2)
	forger := ledger.Open(newStore(), signer, key, newClock())
	fill(t, forger, "inc", 9)
	bundle := bundleOf(t, forger)
	report := verify(t, bundle, "")
	if !report.OK || report.Pinned || report.Fingerprint == real.Key().Fingerprint() {
		t.Errorf("without a key the report is %+v", report)
	}
	for _, pin := range []string{real.Key().Fingerprint(), real.Key().String()} {
		tells(t, verify(t, bundle, pin), "key.pub", "not signed with the key you named")
	}
	// The forger leaves the true key in: then his signatures are bad.
	parts := unpack(t, bundle)
	file(parts, "key.pub").data = []byte(real.Key().String() + "\n")
	tells(t, verify(t, pack(t, parts, zip.Store), real.Key().Fingerprint()), "checkpoint", "signature")
}

func TestBundleAbsentEvidence(t *testing.T) {
	log, _ := filled(t, 50)
	bad := sumOf(artefact(23))
	opens := map[string]func() (io.ReadCloser, error){
		"lost":    func() (io.ReadCloser, error) { return nil, errors.New("not there") },
		"changed": func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("other")), nil },
	}
	for name, open := range opens {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			err := log.Export(t.Context(), "inc", &b, func(sum string) (io.ReadCloser, error) {
				if sum == bad {
					return open()
				}
				return openArtefact(sum)
			})
			var absent *ledger.AbsentError
			if !errors.As(err, &absent) || len(absent.Names) != 1 || absent.Names[0] != "trail 23" {
				t.Fatalf("export without an artefact: %v", err)
			}
			report := verify(t, b.Bytes(), "")
			tells(t, report, "record 23 of inc", "trail 23", "could not be read when the bundle was made")
			if len(report.Problems) != 1 || report.Evidence != 2 {
				t.Errorf("the report is %+v", report)
			}
		})
	}
}

// TestBundleBounds gives archives that were made to harm.
func TestBundleBounds(t *testing.T) {
	bomb := pack(t, []part{{"records.jsonl", make([]byte, 64<<20)}}, zip.Deflate)
	tests := map[string]struct {
		bundle []byte
		want   string
	}{
		"nothing":   {nil, "too short"},
		"text":      {[]byte(strings.Repeat("hello ", 100)), "no bundle"},
		"bomb":      {bomb, "unpack to far more"},
		"no files":  {pack(t, nil, zip.Store), "too short"},
		"long name": {pack(t, []part{{strings.Repeat("n", 60000), nil}}, zip.Store), "no part of a bundle"},
		"long line": {pack(t, []part{{"records.jsonl", bytes.Repeat([]byte("x"), 20<<20)}}, zip.Store), "longer than any record"},
		"long key":  {pack(t, []part{{"key.pub", bytes.Repeat([]byte("x"), 1<<20)}}, zip.Store), "too long"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			report := verify(t, test.bundle, "")
			tells(t, report, test.want)
			for _, p := range report.Problems {
				if len(p.String()) > 500 {
					t.Errorf("a problem has %d characters", len(p.String()))
				}
			}
		})
	}
}

type brokenReader struct{}

func (brokenReader) ReadAt([]byte, int64) (int, error) { return 0, fmt.Errorf("the disk is gone") }

func TestBundleUnreadable(t *testing.T) {
	report, err := ledger.VerifyBundle(brokenReader{}, 1000, "")
	check(t, err)
	tells(t, report, "the disk is gone")
}
