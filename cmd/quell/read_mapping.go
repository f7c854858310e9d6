package main

import (
	"bytes"
	"encoding/json"

	"github.com/goccy/go-yaml"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
)

// readMapping reads the file of --mapping; nil where there is none. A word that it does not know is an error: a mapping half
// understood reads half the log.
func readMapping(path string) (*source.Mapping, error) {
	if path == "" {
		return nil, nil
	}
	data, err := readList("--mapping", path)
	if err != nil {
		return nil, err
	}
	wrong := func(err error) error {
		return &quell.Error{Code: quell.CodeUsage, What: "the mapping " + quell.Clean(path) + " cannot be read", Err: err, Next: "it takes source, logsource, pattern, fields, time, entities and succeeded"}
	}
	text, err := yaml.YAMLToJSON(data)
	if err != nil {
		return nil, wrong(err)
	}
	var m source.Mapping
	in := json.NewDecoder(bytes.NewReader(text))
	in.DisallowUnknownFields()
	if err := in.Decode(&m); err != nil {
		return nil, wrong(err)
	}
	return &m, nil
}
