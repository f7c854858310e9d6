package detections_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
)

// samples lists the files of a folder of public log samples, which are not part of the project.
func samples(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "shared", "data", pattern))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("no files ../shared/data/%s beside the module: public log samples are not here", pattern)
	}
	return files
}

// scanFile gives the findings of one file: single rules that report, and correlations that came true.
func scanFile(t *testing.T, program *detect.Program, path string) map[*detect.Rule]int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return scan(t, program, f, path)
}

func scan(t *testing.T, program *detect.Program, in io.Reader, origin string) map[*detect.Rule]int {
	t.Helper()
	correlator := program.NewCorrelator(0)
	counts := map[*detect.Rule]int{}
	_, err := program.NewWorker().Scan(in, origin, func(m detect.Match) error {
		if !program.Quiet(m.Rule) {
			counts[m.Rule]++
		}
		return correlator.Add(m, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, hit := range correlator.Hits() {
		counts[hit.Rule]++
	}
	return counts
}

// Each recorded attack must show at medium or higher, by the act itself: no rule may know the tool it was made with.
func TestRecordedAttacksAreFound(t *testing.T) {
	program := compileRules(t, loadRules(t))
	for _, path := range samples(t, "stratus/*.json") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			var names []string
			for r, n := range scanFile(t, program, path) {
				if r.Level >= quell.Medium && n > 0 {
					names = append(names, r.Level.String()+" "+r.Name)
				}
			}
			slices.Sort(names)
			if len(names) == 0 {
				t.Error("nothing at medium or higher")
			}
			t.Log(strings.Join(names, ", "))
		})
	}
}

// The same attacks with the tool's name taken out of the user agent are found all the same.
func TestRecordedAttacksAreFoundWithoutTheToolsName(t *testing.T) {
	program := compileRules(t, loadRules(t))
	for _, path := range samples(t, "stratus/*.json") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var records []map[string]any
		if err := json.Unmarshal(data, &records); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for i := range records {
			records[i] = set(records[i], "userAgent", "aws-cli/2.17.32 md/awscrt#0.21.2 ua/2.0 os/linux#6.8")
		}
		renamed, err := json.Marshal(records)
		if err != nil {
			t.Fatal(err)
		}
		found := scan(t, program, bytes.NewReader(renamed), path)
		if !slices.ContainsFunc(slices.Collect(maps.Keys(found)), func(r *detect.Rule) bool { return r.Level >= quell.Medium }) {
			t.Errorf("%s: nothing at medium or higher", filepath.Base(path))
		}
	}
}

// Single calls out of any context are no benchmark, but the table (with -v) shows rules that fire on a name alone.
func TestTableOfSingleCalls(t *testing.T) {
	program := compileRules(t, loadRules(t))
	total, files := map[string]int{}, samples(t, "traildiscover/logExamples/*.cloudtrail")
	for _, path := range files {
		for r, n := range scanFile(t, program, path) {
			total[r.Level.String()+" "+r.Name] += n
		}
	}
	for _, name := range slices.Sorted(maps.Keys(total)) {
		t.Logf("%4d %s", total[name], name)
	}
	// A collection of 586 examples of suspicious calls, most of them refused: a rule that matches a fifth matches anything.
	for name, n := range total {
		if n > len(files)/5 {
			t.Errorf("%s matches %d of %d single calls", name, n, len(files))
		}
	}
}
