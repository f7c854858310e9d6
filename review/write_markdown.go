package review

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Markdown writes the report as GitHub-flavoured Markdown.
func (r Report) Markdown(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# Post-incident review %s\n\n", escapeMarkdown(r.Incident))
	fmt.Fprintf(b, "%s. Severity %s, %s. Written %s from %d ledger records.\n", escapeMarkdown(r.Title), r.Severity,
		escapeMarkdown(r.Standing), stamp(r.Written), r.Records)
	b.WriteString("Numbers in parentheses and in the last column of tables are those of ledger records.\n")
	for i, s := range r.Sections {
		fmt.Fprintf(b, "\n## %d. %s\n", i+1, s.Title)
		if len(s.Statements) > 0 {
			b.WriteString("\n")
		}
		for _, st := range s.Statements {
			fmt.Fprintf(b, "- %s%s\n", escapeMarkdown(st.Text), cited(st.Records))
		}
		for _, t := range s.Tables {
			writeTable(b, t)
		}
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write the review as Markdown: %w", err)
	}
	return nil
}

func writeTable(b *bufio.Writer, t Table) {
	fmt.Fprintf(b, "\n**%s**\n\n", escapeMarkdown(t.Caption))
	if len(t.Rows) == 0 {
		fmt.Fprintf(b, "%s\n", escapeMarkdown(t.Empty))
		return
	}
	fmt.Fprintf(b, "| %s | Records |\n|%s\n", strings.Join(t.Columns, " | "), strings.Repeat(" --- |", len(t.Columns)+1))
	for _, row := range t.Rows {
		b.WriteString("|")
		for _, c := range row.Cells {
			text := cell(c)
			if row.Mark && text != "" {
				text = "**" + text + "**"
			}
			fmt.Fprintf(b, " %s |", text)
		}
		fmt.Fprintf(b, " %s |\n", numbers(row.Records))
	}
}

func cited(records []int64) string {
	if len(records) == 0 {
		return ""
	}
	noun := "record"
	if len(records) > 1 {
		noun = "records"
	}
	return fmt.Sprintf(" (%s %s)", noun, numbers(records))
}

// numbers writes record numbers with runs drawn together: 3, 5-9.
func numbers(records []int64) string {
	var parts []string
	list := merge(records)
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		switch j - i {
		case 0:
			parts = append(parts, fmt.Sprint(list[i]))
		case 1:
			parts = append(parts, fmt.Sprint(list[i]), fmt.Sprint(list[j]))
		default:
			parts = append(parts, fmt.Sprintf("%d-%d", list[i], list[j]))
		}
		i = j + 1
	}
	return strings.Join(parts, ", ")
}
