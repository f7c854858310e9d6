package hunt

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source/metrics"
)

// cloudWatch answers for one protected resource under attack and one health check that fails; eu-west-3 refuses.
func cloudWatch(t *testing.T) metrics.Reader {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		region := strings.Split(r.Header.Get("Authorization"), "/")[2]
		w.Header().Set("Content-Type", "text/xml")
		metric := func(namespace, name, dimension, value string) string {
			return fmt.Sprintf(`<member><Namespace>%s</Namespace><MetricName>%s</MetricName><Dimensions><member><Name>%s</Name><Value>%s</Value></member></Dimensions></member>`, namespace, name, dimension, value)
		}
		switch {
		case region == "eu-west-3":
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`)
		case r.Form.Get("Action") == "ListMetrics":
			list := ""
			switch name := r.Form.Get("MetricName"); {
			case name == "DDoSDetected" && region == "us-east-1":
				list = metric("AWS/DDoSProtection", name, "ResourceArn", "arn:aws:cloudfront::111122223333:distribution/E1")
			case name == "HealthCheckStatus":
				list = metric("AWS/Route53", name, "HealthCheckId", "h-1")
			}
			fmt.Fprintf(w, `<ListMetricsResponse><ListMetricsResult><Metrics>%s</Metrics></ListMetricsResult></ListMetricsResponse>`, list)
		default:
			results := ""
			for i := 1; r.Form.Get(fmt.Sprintf("MetricDataQueries.member.%d.Id", i)) != ""; i++ {
				value := map[string]string{"DDoSDetected": "1", "HealthCheckStatus": "0"}[r.Form.Get(fmt.Sprintf("MetricDataQueries.member.%d.MetricStat.Metric.MetricName", i))]
				times, values := "", ""
				for m := range 3 {
					times += "<member>" + start.Add(time.Duration(10+m)*time.Minute).Format(time.RFC3339) + "</member>"
					values += "<member>" + value + "</member>"
				}
				status := "Complete"
				if value == "0" {
					status = "PartialData"
				}
				results += fmt.Sprintf(`<member><Id>%s</Id><StatusCode>%s</StatusCode><Timestamps>%s</Timestamps><Values>%s</Values></member>`,
					r.Form.Get(fmt.Sprintf("MetricDataQueries.member.%d.Id", i)), status, times, values)
			}
			fmt.Fprintf(w, `<GetMetricDataResponse><GetMetricDataResult><MetricDataResults>%s</MetricDataResults></GetMetricDataResult></GetMetricDataResponse>`, results)
		}
	}))
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return metrics.Reader{Clock: quell.WallClock{}, Config: func(region string) aws.Config {
		return aws.Config{Region: region, BaseEndpoint: &server.URL, HTTPClient: &http.Client{Transport: transport}, Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", "")}
	}}
}

func TestMetrics(t *testing.T) {
	h := hunter(t, rules)
	r, err := h.Metrics(t.Context(), cloudWatch(t), start, start.Add(3*time.Hour), []string{"eu-west-3", "us-east-1"}, "111122223333", "opt-in regions were not asked")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.Rule+" "+f.Entities[0].ID)
	}
	slices.Sort(got)
	if diff := gocmp.Diff([]string{"flood-health arn:aws:route53:::healthcheck/h-1", "flood-shield arn:aws:cloudfront::111122223333:distribution/E1"}, got); diff != "" {
		t.Error(diff)
	}
	read := []string{"eu-west-3: 0 metrics, complete to 2026-03-02T06:00:00Z", "us-east-1: 2 metrics, complete to 2026-03-02T06:00:00Z",
		"2 metrics were asked for by GetMetricData, which AWS bills by their number"}
	blind := []string{"regions: opt-in regions were not asked", "eu-west-3: list AWS/DDoSProtection DDoSDetected: AccessDenied: no", "us-east-1: CloudWatch gave 1 metrics in part only"}
	if diff := gocmp.Diff(read, r.Read) + gocmp.Diff(blind, r.Blind); diff != "" || len(r.Incidents) == 0 {
		t.Errorf("%s %d incidents", diff, len(r.Incidents))
	}
	if _, err := hunter(t, rules).Metrics(t.Context(), cloudWatch(t), start, start.Add(time.Hour), []string{"eu-west-3"}, "", ""); err != nil {
		t.Errorf("us-east-1 is read for what is global: %v", err)
	}
}
