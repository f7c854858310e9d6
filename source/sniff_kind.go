package source

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

var utf8BOM = []byte("\xef\xbb\xbf")

// sniff tells a document's kind by how its text begins; why is set where it is no log.
func sniff(b *body, name string) (kind Kind, why string) {
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
		return "", b.err.Error()
	case len(text) == 0 && err == io.EOF:
		return "", "empty"
	case len(text) == 0:
		return "", fmt.Sprintf("not a log: %d bytes of white space", peekBytes)
	case text[0] == '{' || text[0] == '[':
		return KindJSON, ""
	}
	// Flow logs are the one text format that is read, and their lines have a shape that prose does not take by chance.
	line, _, _ := bytes.Cut(text, []byte("\n"))
	if isFlowLog(string(line)) {
		return KindFlowLog, ""
	}
	if what := archive(head); what != "" {
		return "", "not a log: " + what + " inside; unpack it first"
	}
	begins := quell.Cut(string(line[:min(len(line), 160)]), 40)
	if claimsJSON(name) {
		return "", fmt.Sprintf("not JSON: begins with %q", begins)
	}
	return "", fmt.Sprintf("not a log: begins with %q", begins)
}

// archive names formats that people do put beside logs and that no stream reader can judge.
func archive(head []byte) string {
	for _, known := range []struct{ magic, what string }{
		{"PK\x03\x04", "a zip archive"}, {"BZh", "bzip2 data"}, {"\xfd7zXZ", "xz data"},
		{"PAR1", "a Parquet table"}, {"Obj\x01", "an Avro table"}, {"SQLite format 3", "a database"},
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

// key is what the S3 key of a delivered log file says about its content:
// AWSLogs/[o-ID/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/FILE, in CloudTrail's and the flow logs' user guides.
type key struct {
	account, service, region string
	day                      time.Time
}

func parseKey(name string) (key, bool) {
	parts := strings.Split(filepath.ToSlash(name), "/")
	at := slices.Index(parts, "AWSLogs")
	if at < 0 {
		return key{}, false
	}
	parts = parts[at+1:]
	// Organisation trails put the organisation's id between.
	if len(parts) > 0 && strings.HasPrefix(parts[0], "o-") {
		parts = parts[1:]
	}
	if len(parts) < 6 {
		return key{}, false
	}
	day, err := time.Parse("2006/01/02", strings.Join(parts[3:6], "/"))
	if err != nil {
		return key{}, false
	}
	return key{account: parts[0], service: parts[1], region: parts[2], day: day}, true
}

// wanted says whether a file's key agrees with the options. The day in a key is that of delivery, which follows the
// events by minutes, so the day after Until is still read.
func (o Options) wanted(name string) bool {
	k, ok := parseKey(name)
	if !ok {
		return true
	}
	// Days, not instants: that is all a folder tells, and a file too many costs less than an event too few.
	day := 24 * time.Hour
	switch {
	case len(o.Accounts) > 0 && !slices.Contains(o.Accounts, k.account),
		len(o.Regions) > 0 && !slices.Contains(o.Regions, k.region),
		!o.Since.IsZero() && k.day.Before(o.Since.UTC().Truncate(day)),
		!o.Until.IsZero() && k.day.After(o.Until.UTC().Truncate(day).Add(day)):
		return false
	}
	return true
}
