package review

import (
	"strconv"
	"strings"

	"github.com/quell-ir/quell"
)

// escapeMarkdown makes hostile text plain in CommonMark and in GitHub's dialect, within a table's cell or outside. The
// result is one line; no markup, table border, footnote, formula, mention or link comes of it.
//
// Addresses would become links by themselves (GitHub's autolinks need no brackets, and escaping does not stop them),
// so text that looks like one is shown as code. Where code cannot hold it, it is defanged as responders do.
func escapeMarkdown(s string) string {
	s = strings.TrimSpace(quell.Clean(s))
	if linksItself(s) {
		if !strings.ContainsAny(s, "`|") {
			return "`" + s + "`"
		}
		s = defang(s)
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	for i, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '|': // a backslash is not enough in every renderer's tables
			b.WriteString("&#124;")
		case strings.ContainsRune("\\`*_[]~$#!^", r), i == 0 && strings.ContainsRune("-+=", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case (r == '.' || r == ')') && isNumber(s[:i]) && (i+1 == len(s) || s[i+1] == ' '): // "1. " starts a list
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil && len(s) < 10
}

// linksItself is generous: what is taken for a link without need is merely shown as code.
func linksItself(s string) bool {
	lower := strings.ToLower(s)
	return strings.Contains(lower, "://") || strings.Contains(lower, "www.") || strings.Contains(lower, "mailto:") ||
		strings.Contains(s, "@")
}

func defang(s string) string {
	return strings.NewReplacer("://", "[:]//", "@", "[at]", "www.", "www[.]", "WWW.", "WWW[.]", "Www.", "Www[.]",
		"mailto:", "mailto[:]").Replace(s)
}

// cell escapes text for a table. Tables are copied into spreadsheets, so no cell may start a formula there.
func cell(s string) string {
	return escapeMarkdown(quell.CleanCell(s))
}
