package detecttest

import (
	"strconv"
	"strings"
	"time"
)

// template is text with <words> between literal parts; parts[odd] are words.
type template []string

// parseTemplate splits text at its words. A "<" that begins no word, as in <sensitiveDataRemoved>, stays as it is.
func parseTemplate(text string) template {
	if text == "" {
		return nil
	}
	var out template
	literal := ""
	for {
		before, rest, ok := strings.Cut(text, "<")
		literal += before
		if !ok {
			return append(out, literal)
		}
		word, after, ok := strings.Cut(rest, ">")
		if !ok || !knownWord(word) {
			literal, text = literal+"<", rest
			continue
		}
		out, literal, text = append(out, literal, word), "", after
	}
}

func knownWord(word string) bool {
	if kind, arg, ok := strings.Cut(word, ":"); ok {
		return (kind == "hex" || kind == "num" || kind == "id" || kind == "pick") && arg != ""
	}
	switch word {
	case "account", "other", "region", "now", "later", "day", "me", "session", "person", "colleague", "app", "bucket", "uuid", "key",
		"instance", "sg", "office", "root", "management":
		return true
	}
	return false
}

// fill appends a template; an empty one is null.
func (w *world) fill(t template) {
	if t == nil {
		w.buf = append(w.buf, "null"...)
		return
	}
	for i, part := range t {
		if i%2 == 0 {
			w.buf = append(w.buf, part...)
		} else {
			w.word(part)
		}
	}
}

// word appends the value of one word. Names of things are few and come again; ids of calls are new each time.
func (w *world) word(word string) {
	if kind, arg, ok := strings.Cut(word, ":"); ok {
		w.variable(kind, arg)
		return
	}
	switch word {
	case "account":
		w.buf = append(w.buf, w.account.id...)
	case "other":
		w.buf = append(w.buf, w.accounts[w.rnd.IntN(len(w.accounts))].id...)
	case "management", "root":
		w.buf = append(w.buf, w.accounts[0].id...)
	case "region":
		w.buf = append(w.buf, w.region...)
	case "now":
		w.buf = w.now.AppendFormat(w.buf, "Jan 2, 2006, 3:04:05 PM")
	case "later":
		w.buf = w.now.Add(time.Hour).AppendFormat(w.buf, "Jan 2, 2006, 3:04:05 PM")
	case "day":
		w.buf = w.now.AppendFormat(w.buf, "2006/01/02")
	case "me":
		w.buf = append(w.buf, w.me.name...)
	case "session":
		w.buf = append(w.buf, w.me.session...)
	case "person", "colleague":
		w.buf = append(w.buf, w.people[w.rnd.IntN(len(w.people))].mail...)
	case "app":
		w.buf = append(w.buf, w.app...)
	case "bucket":
		w.buf = append(w.buf, w.bucket...)
	case "uuid":
		w.uuid()
	case "key":
		w.buf = append(w.buf, w.key...)
	case "instance":
		w.buf = append(w.buf, w.instance...)
	case "sg":
		w.buf = append(w.buf, w.group...)
	case "office":
		// Two offices and a VPN; documentation addresses, so that nobody's real network is meant.
		w.buf = append(w.buf, w.pick(offices)...)
	}
}

func (w *world) variable(kind, arg string) {
	n, _ := strconv.Atoi(arg)
	switch kind {
	case "hex":
		w.hex(n)
	case "id":
		w.id(n)
	case "num":
		w.buf = strconv.AppendInt(w.buf, int64(w.rnd.IntN(max(n, 1))), 10)
	case "pick":
		choices := strings.Count(arg, "|") + 1
		for skip := w.rnd.IntN(choices); skip > 0; skip-- {
			_, arg, _ = strings.Cut(arg, "|")
		}
		arg, _, _ = strings.Cut(arg, "|")
		w.buf = append(w.buf, arg...)
	}
}
