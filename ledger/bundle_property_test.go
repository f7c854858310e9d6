package ledger_test

import (
	"archive/zip"
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quell-ir/quell/ledger"
)

// TestAnyByte changes, takes out or puts in one byte anywhere in a bundle: each is caught.
func TestAnyByte(t *testing.T) {
	log, _ := filled(t, 33)
	bundle := bundleOf(t, log)
	rapid.Check(t, func(rt *rapid.T) {
		edited := slices.Clone(bundle)
		at := rapid.IntRange(0, len(bundle)-1).Draw(rt, "at")
		switch rapid.SampledFrom([]string{"flip", "take out", "put in", "cut off"}).Draw(rt, "edit") {
		case "flip":
			edited[at] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
		case "take out":
			edited = slices.Delete(edited, at, at+1)
		case "put in":
			edited = slices.Insert(edited, at, rapid.Byte().Draw(rt, "byte"))
		case "cut off":
			edited = edited[:at]
		}
		if bytes.Equal(edited, bundle) {
			rt.Skip("nothing changed")
		}
		report, err := ledger.VerifyBundle(bytes.NewReader(edited), int64(len(edited)), "")
		if err != nil {
			rt.Fatal(err)
		}
		if report.OK {
			rt.Fatalf("the edit at byte %d of %d was not caught: %+v", at, len(bundle), report)
		}
	})
}

// TestEveryByteOfPacking flips each bit pattern that random places would rarely meet: all bytes outside of the files.
func TestEveryByteOfPacking(t *testing.T) {
	log, _ := filled(t, 4)
	bundle := bundleOf(t, log)
	for at := range bundle {
		for _, bits := range []byte{0x01, 0x80} {
			edited := slices.Clone(bundle)
			edited[at] ^= bits
			if report := verify(t, edited, log.Key().Fingerprint()); report.OK {
				t.Errorf("byte %d of %d changed by %#x and nothing was said", at, len(bundle), bits)
			}
		}
		if report := verify(t, slices.Insert(slices.Clone(bundle), at, bundle[at]^0x55), ""); report.OK {
			t.Errorf("a byte was put in at %d of %d and nothing was said", at, len(bundle))
		}
		if report := verify(t, slices.Delete(slices.Clone(bundle), at, at+1), ""); report.OK {
			t.Errorf("byte %d of %d was taken out and nothing was said", at, len(bundle))
		}
	}
}

// TestAnyRecord edits the records of a bundle packed again without a flaw, and wants the number of what was edited.
func TestAnyRecord(t *testing.T) {
	log, _ := filled(t, 77)
	parts := unpack(t, bundleOf(t, log))
	lines := strings.SplitAfter(string(file(parts, "records.jsonl").data), "\n")
	lines = lines[:len(lines)-1]
	rapid.Check(t, func(rt *rapid.T) {
		edited := slices.Clone(lines)
		n := rapid.IntRange(0, len(lines)-1).Draw(rt, "record")
		other := rapid.IntRange(0, len(lines)-1).Draw(rt, "other")
		want := []int{n}
		edit := rapid.SampledFrom([]string{"byte", "drop", "swap", "double", "replace", "cut off"}).Draw(rt, "edit")
		if n == other && edit != "byte" && edit != "drop" && edit != "cut off" {
			rt.Skip("nothing changed")
		}
		switch edit {
		case "byte":
			line := []byte(edited[n])
			line[rapid.IntRange(0, len(line)-2).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 127).Draw(rt, "bits"))
			edited[n] = string(line)
		case "drop":
			edited = slices.Delete(edited, n, n+1)
		case "swap":
			// Of neighbours either may be named.
			edited[n], edited[other] = edited[other], edited[n]
			want = []int{n, other}
		case "double":
			edited = slices.Insert(edited, other, edited[n])
		case "replace":
			edited[n] = edited[other]
		case "cut off":
			edited = edited[:n]
		}
		forged := slices.Clone(parts)
		file(forged, "records.jsonl").data = []byte(strings.Join(edited, ""))
		data := pack(t, forged, zip.Store)
		report, err := ledger.VerifyBundle(bytes.NewReader(data), int64(len(data)), "")
		if err != nil {
			rt.Fatal(err)
		}
		named := slices.ContainsFunc(report.Problems, func(p ledger.Problem) bool {
			return slices.Contains(want, int(p.Seq)) && p.Tree == "inc"
		})
		if report.OK || !named {
			rt.Fatalf("%s of record %d: problems %v", edit, n, report.Problems)
		}
	})
}

// FuzzVerifyBundle: no file makes the verifier panic, and none but the true one is called good.
func FuzzVerifyBundle(f *testing.F) {
	log, _ := filled(f, 4)
	bundle := bundleOf(f, log)
	parts := unpack(f, bundle)
	f.Add(bundle)
	f.Add(pack(f, parts, zip.Deflate))
	f.Add(pack(f, parts[2:5], zip.Store))
	f.Add(bundle[:len(bundle)/2])
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, data []byte) {
		report, err := ledger.VerifyBundle(bytes.NewReader(data), int64(len(data)), log.Key().Fingerprint())
		if err != nil {
			t.Fatal(err)
		}
		if report.OK && !report.Repacked && !bytes.Equal(data, bundle) {
			t.Fatalf("a bundle of %d bytes that we did not make is called good", len(data))
		}
		if report.OK != (len(report.Problems) == 0) {
			t.Fatal("the report contradicts itself")
		}
	})
}

// FuzzOpenCheckpoint: text that isn't a signed checkpoint is an error, never a panic.
func FuzzOpenCheckpoint(f *testing.F) {
	log, _ := filled(f, 2)
	good, err := log.Checkpoint(f.Context(), "inc")
	check(f, err)
	f.Add(good)
	f.Add([]byte("a/b\n1\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ledger.OpenCheckpoint(data, log.Key())
		if err == nil && (c.Size != 2 || c.Tree() != "inc") {
			t.Fatalf("a checkpoint that we did not sign is taken: %+v", c)
		}
	})
}
