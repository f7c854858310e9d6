package source

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// splitWords splits an access log's line at spaces outside of "..." and [...]. A quote ends only before a space or the
// line's end: services write what a client sent between quotes, and some write its quotes as they came.
func splitWords(line string) []string {
	var words []string
	for {
		line = strings.TrimLeft(line, " \t")
		if line == "" {
			return words
		}
		end, skip := strings.IndexByte(line, ' '), 0
		switch line[0] {
		case '"':
			end, skip = closing(line), 1
		case '[':
			// An address in brackets has its port behind them.
			if at := strings.IndexByte(line, ']'); at+1 == len(line) || at > 0 && line[at+1] == ' ' {
				end, skip = at, 1
			}
		}
		if end < 0 {
			end = len(line)
		}
		words = append(words, line[min(skip, end):end])
		line = line[min(end+skip, len(line)):]
	}
}

// closing is where the quote that line begins with is closed, -1 where it is not.
func closing(line string) int {
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] == '\\':
			i++
		case line[i] == '"' && (i+1 == len(line) || line[i+1] == ' '):
			return i
		}
	}
	return -1
}

// named pairs words with the names of a format's fields. A dash is what services write for nothing. Fields that a later
// version of a format added are words without a name here, and left out; missing is a reason where the words are too few.
func named(names []string, words []string, least int) (map[string]string, error) {
	if len(words) < least {
		return nil, fmt.Errorf("%d fields where the format has %d", len(words), least)
	}
	out := make(map[string]string, len(names))
	for i, name := range names {
		if i < len(words) && words[i] != "-" && words[i] != "" {
			out[name] = words[i]
		}
	}
	return out, nil
}

// address is the host of host:port, also of an IPv6 address with or without brackets.
func address(hostPort string) string {
	host := hostPort
	if at := strings.LastIndexByte(hostPort, ':'); at >= 0 {
		host = hostPort[:at]
	}
	return strings.Trim(host, "[]")
}

// refused is an HTTP status as an error code: empty below 400, and where there is none.
func refused(status string) string {
	if code, err := strconv.Atoi(status); err == nil && code >= 400 {
		return status
	}
	return ""
}

// encodeRaw keeps a line's fields for rules, which read by name.
func encodeRaw(fields map[string]string) (json.RawMessage, error) {
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("encode fields: %w", err)
	}
	return raw, nil
}

// badTime is the reason for a line without a usable time: an event at a guessed time would mislead whoever reads it.
func badTime(text string) error {
	return fmt.Errorf("time: %q cannot be read", quell.Cut(text, 40))
}

// readTime reads the first layout that fits.
func readTime(text string, layouts ...string) (time.Time, error) {
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, badTime(text)
}

// arnActor is who an ARN names, with the types that CloudTrail gives.
func arnActor(arn string) quell.Actor {
	parts := strings.SplitN(arn, ":", 6)
	a := quell.Actor{ARN: arn}
	if len(parts) < 6 || parts[0] != "arn" {
		return quell.Actor{Type: "Unknown", Principal: arn}
	}
	a.Account = parts[4]
	kind, rest, _ := strings.Cut(parts[5], "/")
	switch {
	case parts[5] == "root":
		a.Type, a.Name = "Root", "root"
	case kind == "assumed-role":
		a.Type = "AssumedRole"
		a.Name, _, _ = strings.Cut(rest, "/")
		a.IssuerType, a.IssuerARN = "Role", "arn:"+parts[1]+":iam::"+a.Account+":role/"+a.Name
	case kind == "federated-user":
		a.Type, a.Name = "FederatedUser", rest
	case kind == "role":
		a.Type, a.Name = "Role", rest[strings.LastIndexByte(rest, '/')+1:]
	default:
		a.Type, a.Name = "IAMUser", rest[strings.LastIndexByte(rest, '/')+1:]
	}
	return a
}
