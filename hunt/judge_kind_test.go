package hunt

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
)

// TestEntriesAgree: what rules see of a flow without its event being made is what they see of the event.
func TestEntriesAgree(t *testing.T) {
	word := rapid.StringMatching(`-|[ -~é]{1,12}`)
	rapid.Check(t, func(t *rapid.T) {
		text := fmt.Sprintf("account-id region srcaddr dstaddr start action srcaddr flow-direction\n%s %s %s 10.0.0.9 1772420400 %s %s %s\n", word.Draw(t, "account"),
			word.Draw(t, "region"), word.Draw(t, "first"), rapid.SampledFrom([]string{"ACCEPT", "REJECT", "-"}).Draw(t, "action"), word.Draw(t, "source"), word.Draw(t, "way"))
		_, err := readFlows(t.Context(), strings.NewReader(text), "f", func(one entry) error {
			direct, err := one.record(nil)
			if err != nil {
				return err
			}
			whole, err := appendRecord(nil, one.event())
			if err != nil {
				return err
			}
			if diff := cmp.Diff(decoded(t, whole), decoded(t, direct)); diff != "" {
				t.Errorf("%s: %s", text, diff)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func decoded(t *rapid.T, raw []byte) map[string]any {
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return out
}

// TestRecordSpliced: to copy the log's text gives what decoding and encoding it would.
func TestRecordSpliced(t *testing.T) {
	for _, raw := range []string{`{}`, ` { } `, `{"a":1}`, `{"event\u0049D":"x","b":"eventID"}`, `{"eventID":{"eventID":1},"c":{"eventID":2}}`, `{"d":"\u2028"}`} {
		e := quell.Event{ID: "i\"\n", Name: "n", Time: start, Raw: json.RawMessage(raw)}
		line, err := appendRecord([]byte("kept "), e)
		if err != nil {
			t.Fatal(err)
		}
		var want, got map[string]any
		if err := json.Unmarshal([]byte(raw), &want); err != nil {
			t.Fatal(err)
		}
		maps.Copy(want, map[string]any{"eventID": e.ID, "eventName": "n", "eventTime": "2026-03-02T03:00:00Z"})
		rest, _ := bytes.CutPrefix(line, []byte("kept "))
		if err := json.Unmarshal(rest, &got); err != nil || cmp.Diff(want, got) != "" || bytes.Count(rest, []byte(`"eventID":"i`)) != 1 {
			t.Errorf("%s gives %s, %v", raw, line, err)
		}
	}
}

// kindLines are logs as their services write them, a line in ten of flows refused.
func kindLines(kind source.Kind, n int) string {
	var b strings.Builder
	for i := range n {
		at := 1772420400 + i/100
		switch kind {
		case source.KindFlowLog:
			action := "ACCEPT"
			if i%10 == 0 {
				action = "REJECT"
			}
			fmt.Fprintf(&b, "2 111122223333 eni-0a1b2c3d4e5f60718 10.0.%d.%d 203.0.113.%d %d 443 6 %d %d %d %d %s OK\n", i%8, i%250, i%200, 1024+i%60000, 1+i%9, 40+i%9000, at, at+60, action)
		case source.KindResolver:
			fmt.Fprintf(&b, `{"version":"1.100000","account_id":"111122223333","region":"eu-west-1","vpc_id":"vpc-0a","query_timestamp":"2026-03-02T03:%02d:%02dZ","query_name":"host%d.example.com.","query_type":"A","query_class":"IN","rcode":"NOERROR","answers":[{"Rdata":"203.0.113.9","Type":"A","Class":"IN"}],"srcaddr":"10.0.0.%d","srcport":"%d","transport":"UDP","srcids":{"instance":"i-0a1b2c3d4e5f60718"}}`+"\n", i/60%60, i%60, i%500, i%250, 1024+i%60000)
		case source.KindWAF:
			fmt.Fprintf(&b, `{"timestamp":%d000,"formatVersion":1,"webaclId":"arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/shop/a1","terminatingRuleId":"Default_Action","terminatingRuleType":"REGULAR","action":"ALLOW","httpSourceName":"ALB","httpSourceId":"111122223333-app/shop/a1","ruleGroupList":[],"httpRequest":{"clientIp":"198.51.100.%d","country":"DE","headers":[{"name":"Host","value":"shop.example.com"},{"name":"User-Agent","value":"Mozilla/5.0"}],"uri":"/item/%d","args":"","httpVersion":"HTTP/1.1","httpMethod":"GET","requestId":"r-%d"}}`+"\n", at, i%250, i, i)
		}
	}
	return b.String()
}

// BenchmarkKinds judges logs beside CloudTrail by Quell's own rules, as a hunt does.
func BenchmarkKinds(b *testing.B) {
	rules, problems := Load(true)
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	const lines = 20_000
	for _, kind := range []source.Kind{source.KindFlowLog, source.KindResolver, source.KindWAF} {
		text := kindLines(kind, lines)
		b.Run(string(kind), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				kinds, err := CompileKinds(rules, nil)
				if err != nil {
					b.Fatal(err)
				}
				h := &Hunter{Kinds: kinds, Clock: quell.WallClock{}}
				b.StartTimer()
				if err := h.kind(context.Background(), source.Document{Kind: kind, Origin: "b", Reader: strings.NewReader(text)}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*lines/b.Elapsed().Seconds(), "lines/s")
		})
	}
}
