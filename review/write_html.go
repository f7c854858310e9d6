package review

import (
	"bufio"
	"crypto/sha256"
	_ "embed" // the page and its style are part of the binary
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"

	"github.com/quell-ir/quell"
)

//go:embed page.html.tmpl
var pageText string

//go:embed page.css
var pageStyle string

// HTML writes the report as one page that loads nothing and runs nothing: its content security policy allows the one
// style sheet by its hash and nothing else, so that even text that slipped through escaping could do no harm.
func (r Report) HTML(w io.Writer) error {
	page, err := template.New("page").Funcs(template.FuncMap{
		"stamp": stamp, "numbers": numbers, "cell": quell.CleanCell,
		"number": func(i int) int { return i + 1 },
	}).Parse(pageText)
	if err != nil {
		return fmt.Errorf("read the review's page: %w", err)
	}
	sum := sha256.Sum256([]byte(pageStyle))
	b := bufio.NewWriter(w)
	err = page.Execute(b, map[string]any{
		"Report": r,
		"Policy": "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
		// The style is ours, from the binary. As HTML it passes unchanged, which its hash needs.
		"Style": template.HTML("<style>" + pageStyle + "</style>"),
	})
	if err == nil {
		err = b.Flush()
	}
	if err != nil {
		return fmt.Errorf("write the review as HTML: %w", err)
	}
	return nil
}

// JSON writes the report as one JSON value. Field names are stable; fields may be added.
func (r Report) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("write the review as JSON: %w", err)
	}
	return nil
}
