package source

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source/unwrap"
)

var utf8BOM = []byte("\xef\xbb\xbf")

// sniff tells a document's kind by how its text begins, and the shape of the export it lies in; why is set where it is
// no log.
func sniff(b *body, name string) (kind Kind, shape unwrap.Shape, why string) {
	// Peek gives what there is, with an error where that is less; a file may be shorter, or broken further on.
	// The name is not asked: log files are renamed, and attackers name files too.
	head, err := b.Peek(peekBytes)
	if bytes.HasPrefix(head, utf8BOM) {
		_, _ = b.Discard(len(utf8BOM)) // cannot fail: the bytes were peeked at
		head = head[len(utf8BOM):]
	}
	text := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(text) == 0 && b.err != nil:
		return "", "", b.err.Error()
	case len(text) == 0 && err == io.EOF:
		return "", "", "empty"
	case len(text) == 0:
		return "", "", fmt.Sprintf("not a log: %d bytes of white space", peekBytes)
	}
	keys := unwrap.Keys(text)
	if shape := unwrap.Sniff(text, keys); shape != "" {
		return "", shape, ""
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	if kind := kindOf(text, keys, string(line)); kind != "" {
		return kind, "", ""
	}
	if what := archive(head); what != "" {
		return "", "", "not a log: " + what + " inside; unpack it first"
	}
	if claimsJSON(name) {
		if rest := laterRecord(text); rest != nil {
			first, _, _ := bytes.Cut(rest, []byte("\n"))
			return kindOf(rest, unwrap.Keys(rest), string(first)), "", ""
		}
	}
	begins := quell.Cut(string(line[:min(len(line), 160)]), 40)
	if claimsJSON(name) {
		return "", "", fmt.Sprintf("not JSON: begins with %q", begins)
	}
	return "", "", fmt.Sprintf("not a log: begins with %q", begins)
}

// laterRecord finds a line that begins a record behind others that do not: a file cut out of the middle of a larger one, or
// with a program's greeting on top. Whoever reads the records tells of what stands before them.
func laterRecord(text []byte) []byte {
	for {
		_, rest, more := bytes.Cut(text, []byte("\n"))
		if !more {
			return nil
		}
		// A brace alone may be anything; with a quote behind it, it opens an object.
		line, _, _ := bytes.Cut(rest, []byte("\n")) // and no further: looking ahead from each line would cost their square
		record, opens := bytes.CutPrefix(bytes.TrimLeft(line, " \t["), []byte("{"))
		if opens && bytes.HasPrefix(bytes.TrimLeft(record, " \t"), []byte(`"`)) {
			return bytes.TrimLeft(rest, " \t")
		}
		text = rest
	}
}

// kindOf judges a text that is not wrapped, by its first value's keys or its first line: lines of logs have shapes that
// prose does not take by chance.
func kindOf(text []byte, keys []string, line string) Kind {
	if text[0] == '{' || text[0] == '[' {
		has := func(names ...string) bool {
			return !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(keys, name) })
		}
		switch {
		case has("webaclId", "httpRequest"):
			return KindWAF
		case has("query_name", "query_type"):
			return KindResolver
		case has("auditID", "verb"):
			return KindEKSAudit
		}
		return KindJSON
	}
	return textKind(line)
}

// textKind is empty for a line that is of no known log.
func textKind(line string) Kind {
	line = strings.TrimSuffix(line, "\r")
	switch {
	case isFlowLog(line):
		return KindFlowLog
	case isS3Access(line):
		return KindS3Access
	case isELB(line):
		return KindELB
	}
	return ""
}

// archive names formats that people do put beside logs and that no stream reader can judge.
func archive(head []byte) string {
	for _, known := range []struct{ magic, what string }{
		{"PK\x03\x04", "a zip archive"}, {"BZh", "bzip2 data"}, {"\xfd7zXZ", "xz data"},
		{"Obj\x01", "an Avro table"}, {"SQLite format 3", "a database"},
	} {
		if bytes.HasPrefix(head, []byte(known.magic)) {
			return known.what
		}
	}
	// tar has its magic behind the first file's name.
	if len(head) > 262 && string(head[257:262]) == "ustar" {
		return "a tar archive"
	}
	return ""
}

// claimsJSON says whether somebody who sees the name would expect JSON, for a reason that answers their surprise.
func claimsJSON(name string) bool {
	name = strings.ToLower(path.Base(filepath.ToSlash(name)))
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	return slices.Contains([]string{".json", ".jsonl", ".ndjson", ".cloudtrail"}, path.Ext(name))
}
