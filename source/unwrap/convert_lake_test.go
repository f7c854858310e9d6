package unwrap

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unwrapped gives the lines of an export, and why rows of it gave none.
func unwrapped(t testing.TB, text string) (lines []string, bad []string, findings int) {
	t.Helper()
	r := NewReader(strings.NewReader(text), JSON, nil)
	r.TakeFindings(func([]byte) error { findings++; return nil })
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	for _, row := range r.Report().Bad {
		bad = append(bad, row.Why)
	}
	return lines, bad, findings
}

// TestFlowWords: OCSF spells what a flow log says in a few ways, by version and mapping.
func TestFlowWords(t *testing.T) {
	for name, c := range map[string]struct{ event, action, direction, start string }{
		"v1.1":       {`"action":"Denied","action_id":2,"connection_info":{"direction":"Inbound"},"start_time_dt":"2026-03-04T05:06:07.000-04:00"`, "REJECT", "ingress", "1772615167"},
		"ids":        {`"action_id":1,"connection_info":{"direction":"Outbound"},"time":1772600767000`, "ACCEPT", "egress", "1772600767"},
		"rc.2":       {`"disposition":"Blocked","time":1772600767000`, "REJECT", "-", "1772600767"},
		"activity":   {`"activity_name":"Refuse","time_dt":"2026-03-04 05:06:07.000000"`, "REJECT", "-", "1772600767"},
		"microtimes": {`"activity_name":"Traffic","time":1772600767000000`, "ACCEPT", "-", "1772600767"},
		"nanotimes":  {`"time":1772600767000000000`, "-", "-", "1772600767"},
		"none":       {`"time":-5`, "-", "-", "-"},
	} {
		t.Run(name, func(t *testing.T) {
			lines, bad, _ := unwrapped(t, `{"class_uid":4001,"src_endpoint":{"ip":"a b\n","interface_uid":"eni-1"},"dst_endpoint":{"interface_uid":"eni-2"},`+c.event+`}`)
			if len(lines) != 2 || len(bad) != 0 || lines[0] != flowHeader {
				t.Fatalf("%q, %q", lines, bad)
			}
			names, values := strings.Fields(lines[0]), strings.Fields(lines[1])
			got := map[string]string{}
			for i, name := range names {
				got[name] = values[i]
			}
			want := []string{c.action, c.direction, c.start, "eni-1", "a_b"}
			if diff := cmp.Diff(want, []string{got["action"], got["flow-direction"], got["start"], got["interface-id"], got["srcaddr"]}); diff != "" || len(values) != len(names) {
				t.Error(diff)
			}
		})
	}
}

func TestQueryWords(t *testing.T) {
	for event, want := range map[string]string{
		`"rcode":"NoError","rcode_id":0`:                                                         `"rcode":"NOERROR"`,
		`"rcode":"ServFail"`:                                                                     `"rcode":"SERVFAIL"`,
		`"rcode_id":99,"rcode":"Other"`:                                                          `"rcode":"OTHER"`,
		`"firewall_rule":{"uid":"g"},"disposition":"Alert"`:                                      `"firewall_rule_action":"ALERT"`,
		`"firewall_rule":{"uid":"g"},"disposition":"No Action","action":"Denied"`:                `"firewall_rule_action":"BLOCK"`,
		`"firewall_rule":{"uid":"g"},"disposition":"No Action","action":"Allowed"`:               `"firewall_rule_action":"ALLOW"`,
		`"answers":[{"rdata":"192.0.2.1","type":"A","class":"IN"},{"rdata":"x","type":"CNAME"}]`: `"answers":[{"Class":"IN","Rdata":"192.0.2.1","Type":"A"},{"Rdata":"x","Type":"CNAME"}]`,
	} {
		lines, _, _ := unwrapped(t, `{"class_uid":4003,"query":{"hostname":"h.","type":"A"},"time":1,`+event+`}`)
		if len(lines) != 1 || !strings.Contains(lines[0], want) {
			t.Errorf("%s gives %q", event, lines)
		}
	}
	if lines, _, _ := unwrapped(t, `{"class_uid":4003,"query":{"hostname":"h."},"disposition":"Blocked"}`); strings.Contains(lines[0], "firewall") {
		t.Errorf("no firewall had a word: %s", lines[0])
	}
}

// TestLogsAreNotMixed: what would go to the rules for another log is named.
func TestLogsAreNotMixed(t *testing.T) {
	const flow, call, native, finding = `{"class_uid":4001,"time":1}`, `{"class_uid":6003,"api":{"operation":"A"},"time":1}`, `{"eventName":"A","eventTime":"2026-03-04T05:06:07Z"}`, `{"class_uid":2004}`
	for text, want := range map[string][3]int{ // lines, bad rows, findings
		flow + call: {2, 1, 0}, call + flow: {1, 1, 0}, native + flow: {1, 1, 0}, flow + native: {2, 1, 0}, native + call: {2, 0, 0},
		finding + call + finding: {1, 0, 2}, finding + flow: {2, 0, 1}, `{"class_uid":1001}` + call: {1, 1, 0}, `{"class_uid":[{}]}`: {0, 1, 0},
	} {
		lines, bad, findings := unwrapped(t, text)
		if got := [3]int{len(lines), len(bad), findings}; got != want {
			t.Errorf("%s gives %v: %q, %q", text, got, lines, bad)
		}
	}
	r := NewReader(strings.NewReader(finding), JSON, nil)
	if out, err := io.ReadAll(r); err != nil || len(out) != 0 || r.Report().BadTotal != 1 {
		t.Errorf("a finding that nobody takes: %q, %+v, %v", out, r.Report(), err)
	}
}

// FuzzLake: whatever an OCSF event holds, it gives one line or a reason.
func FuzzLake(f *testing.F) {
	for _, class := range []string{"2004", "3001", "3002", "4001", "4002", "4003", "6003"} {
		f.Add(`{"class_uid":` + class + `,"time":1772600767000,"metadata":{"product":{"name":"Amazon EKS"},"labels":["a"]},"src_endpoint":{"ip":"1.2.3.4","intermediate_ips":["x"]},"answers":[{"rdata":"a"}],` +
			`"http_request":{"http_headers":[{"name":"a","value":"b"}],"x_forwarded_for":["c"]},"resources":[{"type":"pods/exec"}],"actor":{"user":{"uid":"heptio:1:AROA","groups":[{"name":"g"}]}},"unmapped":{"a[].b":"c","a":"d"}}`)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := NewReader(strings.NewReader(text), JSON, nil)
		findings := 0
		r.TakeFindings(func([]byte) error { findings++; return nil })
		out, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		width, lines := len(strings.Fields(flowHeader)), 0
		for line := range strings.Lines(string(out)) {
			switch {
			case strings.TrimSpace(line) == "" || line == flowHeader+"\n":
				continue
			case line[0] != '{' && line[0] != '[' && len(strings.Fields(line)) != width:
				t.Errorf("line %q", line)
			}
			lines++
		}
		if report := r.Report(); lines != report.Records || findings != report.Findings {
			t.Errorf("%d lines and %d findings, %+v", lines, findings, report)
		}
	})
}
