package main

import "strings"

// wrap breaks a text into lines that fit a table, at blanks where there are any. Lines after the first are set in further.
func wrap(b *strings.Builder, indent, text string) {
	room := tableColumns - len(indent)
	line := ""
	flush := func() {
		if line != "" {
			b.WriteString(indent + line + "\n")
			line = ""
			if room == tableColumns-len(indent) {
				indent += "  "
				room -= 4 // so that a break stands out, and this is done once
			}
		}
	}
	for _, word := range strings.Fields(tame(text)) {
		for word != "" {
			lead := line
			if lead != "" {
				lead += " "
			}
			switch have := columnsOf(lead); {
			case have+columnsOf(word) <= room:
				line, word = lead+word, ""
			case line != "" && columnsOf(word) <= room:
				flush() // it fits by itself
			default: // longer than any line: a path, or hostile text
				head := chop(word, room-have)
				if head == "" {
					flush()
					continue
				}
				line, word = lead+head, word[len(head):]
				flush()
			}
		}
	}
	flush()
}
