package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/quell-ir/quell"
)

// maxSubject is the most a compressed subject may expand to; it is held in memory whole.
const maxSubject = 256 << 20

// maxWraps bounds levels of lists and envelopes. A finding by way of EventBridge, SNS, SQS and Lambda lies ten deep.
const maxWraps = 24

// accepted tells people what a response can start from.
const accepted = "give a GuardDuty, Security Hub (ASFF or OCSF), Inspector, Macie or Access Analyzer finding, a Config compliance change, " +
	"a CloudWatch alarm, an AWS Health event about exposed credentials or abuse, or CloudTrail records; as the API, EventBridge, SNS or SQS gives them"

// Subject is what a response is asked about: verdicts of AWS services, and CloudTrail records for the rules to judge.
type Subject struct {
	Findings []quell.Finding
	Records  []json.RawMessage
	// What says in words what was recognised: "2 GuardDuty findings, 1 Config evaluation that needs no answer".
	What string
}

// ReadSubject recognises what is in a file by its content; name is for messages only. Several values may follow each
// other, lie in a list, or in the envelopes of EventBridge, SNS, SQS and Lambda.
//
// The error is a quell.Error: CodeFailed with line and offset where the JSON breaks off, CodeUsage with what was seen
// and what is accepted where a value is of no known kind. Nothing in a file is passed over.
func ReadSubject(name string, data []byte) (Subject, error) {
	data, err := expandSubject(name, data)
	if err != nil {
		return Subject{}, err
	}
	s := &subjectReader{name: name}
	// A decoder takes one value after the other, so JSON lines need no code of their own, and it knows where it stands.
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		var raw json.RawMessage
		err := dec.Decode(&raw)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Subject{}, s.broken(data, dec.InputOffset(), err)
		}
		if err := s.value(raw, envelope{}, 0); err != nil {
			return Subject{}, err
		}
	}
	// Nothing but white space: most often a download that failed.
	if len(s.kinds) == 0 {
		return Subject{}, s.unknown("an empty file")
	}
	s.subject.What = s.what()
	return s.subject, nil
}

// expandSubject unpacks what was given compressed. Only the total is capped: one repeated finding compresses a
// thousandfold and is no attack.
func expandSubject(name string, data []byte) ([]byte, error) {
	var x expander
	defer x.close()
	body, err := x.open(bytes.NewReader(data), maxSubject, 1<<20)
	if err == nil {
		data, err = io.ReadAll(body)
	}
	if err != nil {
		return nil, &quell.Error{Code: quell.CodeFailed, What: "cannot read " + name, Err: err, Next: "unpack it first and look at what is in it"}
	}
	return bytes.TrimPrefix(data, utf8BOM), nil
}

type subjectReader struct {
	name    string
	subject Subject
	kinds   []kindCount
}

// kindCount counts what was recognised, for What.
type kindCount struct {
	one, many string
	n         int
}

// envelope is what wraps a finding knows where the finding itself is silent.
type envelope struct {
	node    // the EventBridge event, without its detail
	outside string
}

// value reads one JSON value. Depth is bounded because text in text in text costs the sender nothing.
func (s *subjectReader) value(raw json.RawMessage, env envelope, depth int) error {
	raw = bytes.TrimSpace(raw)
	switch {
	case depth > maxWraps:
		return s.unknown("envelopes in envelopes, more than Quell opens")
	case len(raw) > 0 && raw[0] == '[':
		return s.each(raw, env, depth)
	case len(raw) > 0 && raw[0] == '{':
		return s.object(raw, env, depth)
	}
	return s.unknown("the JSON value " + quell.Cut(string(raw[:min(len(raw), 200)]), 40))
}

func (s *subjectReader) each(raw json.RawMessage, env envelope, depth int) error {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return s.unknown("a list that cannot be decoded: " + err.Error())
	}
	if len(list) == 0 && depth == 0 {
		s.kinds = append(s.kinds, kindCount{"entry", "entries in the list", 0})
	}
	for _, element := range list {
		if err := s.value(element, env, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// text opens a message that carries its content as a string.
func (s *subjectReader) text(raw json.RawMessage, outside string, depth int) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return s.unknown(outside + " without a text")
	}
	// Alarms and people publish plain sentences to the same topics; those are no finding.
	if !json.Valid([]byte(text)) {
		return s.unknown(outside + " with the text " + quell.Cut(text[:min(len(text), 200)], 40))
	}
	return s.value(json.RawMessage(text), envelope{outside: outside}, depth+1)
}

// record keeps a copy: the decoder's buffer is used again.
func (s *subjectReader) record(raw json.RawMessage) {
	s.count("CloudTrail record", "CloudTrail records")
	s.subject.Records = append(s.subject.Records, bytes.Clone(raw))
}

func (s *subjectReader) count(one, many string) {
	for i := range s.kinds {
		if s.kinds[i].one == one {
			s.kinds[i].n++
			return
		}
	}
	s.kinds = append(s.kinds, kindCount{one, many, 1})
}

// what puts the counts into words, in the order in which the kinds were met.
func (s *subjectReader) what() string {
	var words []string
	for _, k := range s.kinds {
		word := k.many
		if k.n == 1 {
			word = k.one
		}
		words = append(words, fmt.Sprintf("%d %s", k.n, word))
	}
	return strings.Join(words, ", ")
}

func (s *subjectReader) unknown(seen string) error {
	return &quell.Error{Code: quell.CodeUsage, What: fmt.Sprintf("cannot respond to %s: found %s", s.name, seen), Next: accepted}
}

// broken says where a JSON text ends or goes wrong, counting lines from 1 and bytes from 0.
func (s *subjectReader) broken(data []byte, from int64, err error) error {
	at := from
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		at = int64(len(data))
	case errors.As(err, &syntax):
		at = syntax.Offset - 1
	}
	at = min(max(at, 0), int64(len(data)))
	// What never was JSON should not be called broken JSON.
	if text := bytes.TrimSpace(data); len(text) > 0 && text[0] != '{' && text[0] != '[' {
		line, _, _ := bytes.Cut(text, []byte("\n"))
		return s.unknown("text that begins with " + quell.Cut(string(line[:min(len(line), 160)]), 40))
	}
	line := 1 + bytes.Count(data[:at], []byte("\n"))
	what := fmt.Sprintf("%s: the JSON is broken at line %d, byte %d", s.name, line, at)
	return &quell.Error{Code: quell.CodeFailed, What: what, Err: err, Next: "fetch the file again, whole"}
}
