package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/quell-ir/quell"
)

// maxLeaf bounds one record, in bytes: what is larger is an artefact and belongs into the evidence folder.
const maxLeaf = 16 << 20

// rawKey marks data that canonical JSON cannot carry unchanged. Canonical JSON rounds numbers to doubles and refuses
// duplicate keys and lone surrogates, and all of these can stand in a policy that an intruder wrote. Such data is kept
// as the text it was, in {"$raw": "..."}, because neither a rounded policy nor a refused record is acceptable.
const rawKey = "$raw"

// encodeLeaf is the record's canonical JSON: the bytes that are hashed, kept and exported.
func encodeLeaf(r quell.Record) ([]byte, error) {
	if len(r.Data) == 0 {
		r.Data = json.RawMessage("null")
	}
	if !json.Valid(r.Data) {
		return nil, fmt.Errorf("encode %s record of %s: its data is not JSON", r.Kind, r.Incident)
	}
	leaf, err := []byte(nil), error(nil)
	asIs := utf8.Valid(r.Data) && keepsNumbers(r.Data)
	if asIs {
		leaf, err = quell.Canonical(r)
		asIs = err == nil && !bytes.Contains(leaf, []byte(`"data":{"`+rawKey+`":`))
	}
	if !asIs {
		r.Data, err = json.Marshal(map[string]string{rawKey: string(r.Data)})
		if err == nil {
			leaf, err = quell.Canonical(r)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("encode %s record of %s: %w", r.Kind, r.Incident, err)
	}
	if len(leaf) > maxLeaf {
		return nil, &quell.Error{
			Code: quell.CodeFailed,
			What: fmt.Sprintf("a %s record of %s has %d bytes and a ledger takes %d", r.Kind, r.Incident, len(leaf), maxLeaf),
			Next: "keep the data as evidence and record its digest",
		}
	}
	return leaf, nil
}

// decodeLeaf is the record that a leaf holds, with data as it was before encoding up to the order of its keys.
func decodeLeaf(leaf []byte) (quell.Record, error) {
	var r quell.Record
	if err := json.Unmarshal(leaf, &r); err != nil {
		return quell.Record{}, fmt.Errorf("decode a ledger record: %w", err)
	}
	if bytes.HasPrefix(r.Data, []byte(`{"`+rawKey+`":"`)) {
		var wrapped map[string]string
		if err := json.Unmarshal(r.Data, &wrapped); err == nil && len(wrapped) == 1 {
			r.Data = json.RawMessage(wrapped[rawKey])
		}
	}
	return r, nil
}

// keepsNumbers says whether every number of valid JSON is the same number after a trip through a double.
func keepsNumbers(data []byte) bool {
	for i := 0; i < len(data); {
		c := data[i]
		switch {
		case c == '"':
			for i++; data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
			i++
		case c == '-' || c >= '0' && c <= '9':
			end := i + 1
			for end < len(data) && strings.IndexByte("0123456789+-.eE", data[end]) >= 0 {
				end++
			}
			if !keepsNumber(string(data[i:end])) {
				return false
			}
			i = end
		default:
			i++
		}
	}
	return true
}

func keepsNumber(text string) bool {
	// Fifteen digits always survive; nearly every number ends here.
	if len(text) <= 15 && strings.IndexAny(text, "eE") < 0 {
		return true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return false
	}
	digits, exponent, ok := decimal(text)
	digits2, exponent2, ok2 := decimal(strconv.FormatFloat(f, 'e', -1, 64))
	return ok && ok2 && digits == digits2 && exponent == exponent2
}

// decimal splits a JSON number into its significant digits and the power of ten of the first one, so that equal numbers
// written differently are equal.
func decimal(text string) (digits string, exponent int, ok bool) {
	text = strings.TrimPrefix(text, "-")
	mantissa, power := text, "0"
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		mantissa, power = text[:at], text[at+1:]
	}
	e, err := strconv.Atoi(power)
	if err != nil {
		return "", 0, false
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits = whole + fraction
	lead := len(digits) - len(strings.TrimLeft(digits, "0"))
	digits = strings.Trim(digits, "0")
	if digits == "" {
		return "", 0, true
	}
	return digits, e + len(whole) - lead, true
}
