package source

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

// The structs below are the columns of Security Lake's tables, in the nesting of OCSF 1.1.0 and of the mappings for AWS. Names
// that are told apart by class stand side by side, so that one struct serves all tables: what a source does not have is null.
type lakeName struct {
	UID  string `parquet:"uid,optional,dict"`
	Name string `parquet:"name,optional,dict"`
}

type lakeText struct {
	UID  string `parquet:"uid,optional"`
	Data string `parquet:"data,optional,delta"`
}

type lakeResponse struct {
	Code  int32  `parquet:"code,optional"`
	Error string `parquet:"error,optional,dict"`
	Data  string `parquet:"data,optional"`
}

type lakeEnd struct {
	IP        string   `parquet:"ip,optional,dict"`
	Port      int32    `parquet:"port,optional,delta"`
	Service   string   `parquet:"svc_name,optional"`
	UID       string   `parquet:"uid,optional"`
	Instance  string   `parquet:"instance_uid,optional"`
	Interface string   `parquet:"interface_uid,optional"`
	VPC       string   `parquet:"vpc_uid,optional"`
	Between   []string `parquet:"intermediate_ips,list"`
}

type lakeHeader struct {
	Name  string `parquet:"name"`
	Value string `parquet:"value"`
}

type lakeRow struct {
	Class    int32     `parquet:"class_uid,dict"`
	Time     int64     `parquet:"time,delta"`
	TimeDT   time.Time `parquet:"time_dt,timestamp(microsecond)"`
	EndDT    time.Time `parquet:"end_time_dt,timestamp(millisecond)"`
	Metadata struct {
		UID     string `parquet:"uid,optional"`
		Code    string `parquet:"event_code,optional"`
		Level   string `parquet:"log_level,optional"`
		Product struct {
			Name    string   `parquet:"name,dict"`
			Version string   `parquet:"version,dict"`
			Feature lakeName `parquet:"feature,optional"`
		} `parquet:"product"`
		Profiles []string `parquet:"profiles,list"`
		Labels   []string `parquet:"labels,list"`
	} `parquet:"metadata"`
	Cloud struct {
		Region  string   `parquet:"region,optional,dict"`
		Account lakeName `parquet:"account,optional"`
	} `parquet:"cloud"`
	Actor *struct {
		User struct {
			Type    string     `parquet:"type,optional"`
			Name    string     `parquet:"name,optional"`
			UID     string     `parquet:"uid,optional"`
			Alt     string     `parquet:"uid_alt,optional"`
			Key     string     `parquet:"credential_uid,optional"`
			Account lakeName   `parquet:"account,optional"`
			Groups  []lakeName `parquet:"groups,list"`
		} `parquet:"user"`
	} `parquet:"actor,optional"`
	API *struct {
		Operation string       `parquet:"operation"`
		Request   lakeText     `parquet:"request"`
		Response  lakeResponse `parquet:"response,optional"`
		Service   lakeName     `parquet:"service,optional"`
	} `parquet:"api,optional"`
	Source  lakeEnd `parquet:"src_endpoint,optional"`
	Target  lakeEnd `parquet:"dst_endpoint,optional"`
	Status  string  `parquet:"status_code,optional"`
	Message string  `parquet:"message,optional"`
	Action  string  `parquet:"action,optional,dict"`
	Done    string  `parquet:"disposition,optional"`
	Link    struct {
		Direction string `parquet:"direction,optional"`
		Number    int32  `parquet:"protocol_num,optional"`
		Name      string `parquet:"protocol_name,optional"`
	} `parquet:"connection_info,optional"`
	Traffic struct {
		Bytes   int64 `parquet:"bytes,optional"`
		Packets int64 `parquet:"packets,optional"`
	} `parquet:"traffic,optional"`
	Query struct {
		Host  string `parquet:"hostname,optional"`
		Type  string `parquet:"type,optional"`
		Class string `parquet:"class,optional"`
	} `parquet:"query,optional"`
	Answers []struct {
		Type  string `parquet:"type"`
		RData string `parquet:"rdata"`
	} `parquet:"answers,list"`
	RCode int32    `parquet:"rcode_id,optional"`
	Rule  lakeName `parquet:"firewall_rule,optional"`
	HTTP  struct {
		UID     string       `parquet:"uid,optional"`
		Method  string       `parquet:"http_method,optional"`
		Agent   string       `parquet:"user_agent,optional"`
		Headers []lakeHeader `parquet:"http_headers,list"`
		URL     struct {
			Path string `parquet:"path,optional"`
			Host string `parquet:"hostname,optional"`
		} `parquet:"url,optional"`
	} `parquet:"http_request,optional"`
	Resources []struct {
		UID       string `parquet:"uid,optional"`
		Type      string `parquet:"type,optional"`
		Name      string `parquet:"name,optional"`
		Namespace string `parquet:"namespace,optional"`
	} `parquet:"resources,list"`
	Finding struct {
		UID   string    `parquet:"uid,optional"`
		Title string    `parquet:"title,optional"`
		Types []string  `parquet:"types,list"`
		Last  time.Time `parquet:"last_seen_time_dt,timestamp(millisecond)"`
	} `parquet:"finding_info,optional"`
	Severity int32             `parquet:"severity_id,optional"`
	Unmapped map[string]string `parquet:"unmapped,optional"`
}

var lakeTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// lakeOf is a row with what every source fills in.
func lakeOf(class int32, product string, fill func(*lakeRow)) lakeRow {
	row := lakeRow{Class: class, Time: lakeTime.UnixMilli(), TimeDT: lakeTime, EndDT: lakeTime.Add(time.Minute)}
	row.Metadata.Product.Name, row.Metadata.Product.Version, row.Metadata.Profiles = product, "1", []string{"cloud", "datetime"}
	row.Cloud.Region, row.Cloud.Account.UID = "eu-west-1", "111122223333"
	fill(&row)
	return row
}

func lakeCall(class int32, name, service, request string) lakeRow {
	return lakeOf(class, "CloudTrail", func(r *lakeRow) {
		r.Metadata.UID, r.Metadata.Code, r.Metadata.Product.Version = "e-"+name, "AwsApiCall", "1.11"
		row := lakeRow{}
		r.API, r.Actor = row.API, row.Actor
		r.API = &struct {
			Operation string       `parquet:"operation"`
			Request   lakeText     `parquet:"request"`
			Response  lakeResponse `parquet:"response,optional"`
			Service   lakeName     `parquet:"service,optional"`
		}{Operation: name, Request: lakeText{"r-1", request}, Service: lakeName{Name: service}}
		r.Source.IP, r.HTTP.Agent = "198.51.100.7", "aws-cli/2"
		r.Resources = append(r.Resources, struct {
			UID       string `parquet:"uid,optional"`
			Type      string `parquet:"type,optional"`
			Name      string `parquet:"name,optional"`
			Namespace string `parquet:"namespace,optional"`
		}{UID: "arn:aws:s3:::bucket", Type: "AWS::S3::Bucket"})
		r.Unmapped = map[string]string{"userIdentity.type": "Root", "managementEvent": "true"}
	})
}

// TestSecurityLake reads each of Security Lake's tables, however it was compressed, in several row groups.
func TestSecurityLake(t *testing.T) {
	flow := func(action, direction string) lakeRow {
		return lakeOf(4001, "Amazon VPC", func(r *lakeRow) {
			r.Source.IP, r.Source.Port, r.Target.IP, r.Target.Port = "1.2.3.4", 56858, "172.31.2.52", 39938
			r.Target.Interface, r.Target.VPC, r.Link.Number, r.Link.Direction = "eni-0a", "vpc-0a", 6, direction
			r.Traffic.Bytes, r.Traffic.Packets, r.Action, r.Status = 40, 1, action, "OK"
		})
	}
	call := func(name, service, request, want string) (string, []lakeRow) {
		record := `{"awsRegion":"eu-west-1","eventID":"e-` + name + `","eventName":"` + name + `","eventSource":"` + service + `","eventTime":"2026-03-04T05:06:07Z","eventType":"AwsApiCall","eventVersion":"1.11",` +
			`"managementEvent":true,"recipientAccountId":"111122223333","requestID":"r-1",` + want + `"resources":[{"ARN":"arn:aws:s3:::bucket","type":"AWS::S3::Bucket"}],"sourceIPAddress":"198.51.100.7","userAgent":"aws-cli/2","userIdentity":{"type":"Root"}}` + "\n"
		return record, []lakeRow{lakeCall(6003, name, service, request), lakeCall(3001, name, service, request)}
	}
	type table struct {
		rows []lakeRow
		want string
	}
	tables := map[string]table{}
	for source, at := range map[string][3]string{
		"CLOUD_TRAIL_MGMT": {"StopLogging", "cloudtrail.amazonaws.com", `{"name":"main"}`},
		"S3_DATA":          {"GetObject", "s3.amazonaws.com", `{"key":"a \"b\"","bucketName":"bucket"}`},
		"LAMBDA_EXECUTION": {"Invoke", "lambda.amazonaws.com", `{"functionName":"f"}`},
	} {
		record, rows := call(at[0], at[1], at[2], `"requestParameters":`+at[2]+`,`)
		tables[source] = table{rows, "json\n" + record + record}
	}
	tables["VPC_FLOW"] = table{[]lakeRow{flow("Denied", "Inbound"), flow("Allowed", "Outbound")},
		"flowlog\nversion account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id pkt-src-aws-service pkt-dst-aws-service flow-direction\n" +
			"1 111122223333 eni-0a 1.2.3.4 172.31.2.52 56858 39938 6 1 40 1772600767 1772600827 REJECT OK vpc-0a - - - - 1.2.3.4 172.31.2.52 eu-west-1 - - - ingress\n" +
			"1 111122223333 eni-0a 1.2.3.4 172.31.2.52 56858 39938 6 1 40 1772600767 1772600827 ACCEPT OK vpc-0a - - - - 1.2.3.4 172.31.2.52 eu-west-1 - - - egress\n"}
	tables["ROUTE53"] = table{[]lakeRow{lakeOf(4003, "Route 53", func(r *lakeRow) {
		r.Query.Host, r.Query.Type, r.Query.Class, r.RCode, r.Source.IP, r.Source.Port, r.Source.VPC = "bad.example.", "TXT", "IN", 3, "10.0.0.9", 1234, "vpc-0a"
		r.Source.Instance, r.Rule.UID, r.Done, r.Link.Name = "i-0a", "rslvr-frg-1", "Blocked", "UDP"
		r.Answers = append(r.Answers, struct {
			Type  string `parquet:"type"`
			RData string `parquet:"rdata"`
		}{"A", "203.0.113.9"})
		r.Unmapped = map[string]string{"firewall_domain_list_id": "rslvr-fdl-1"}
	})}, `resolver
{"account_id":"111122223333","answers":[{"Rdata":"203.0.113.9","Type":"A"}],"firewall_domain_list_id":"rslvr-fdl-1","firewall_rule_action":"BLOCK","firewall_rule_group_id":"rslvr-frg-1","query_class":"IN","query_name":"bad.example.","query_timestamp":"2026-03-04T05:06:07Z","query_type":"TXT","rcode":"NXDOMAIN","region":"eu-west-1","srcaddr":"10.0.0.9","srcids":{"instance":"i-0a"},"srcport":"1234","transport":"UDP","version":"1","vpc_id":"vpc-0a"}
`}
	tables["WAF"] = table{[]lakeRow{lakeOf(4002, "AWS WAF", func(r *lakeRow) {
		r.Metadata.Product.Feature.UID, r.Metadata.Labels = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/a/b", []string{"awswaf:x"}
		r.Source.IP, r.Source.Service, r.Action, r.Done = "198.51.100.7", "ALB", "Denied", "Blocked"
		r.HTTP.Method, r.HTTP.UID, r.HTTP.Agent, r.HTTP.URL.Path, r.HTTP.URL.Host = "GET", "q-1", "sqlmap", "/x", "shop"
		r.HTTP.Headers = []lakeHeader{{"host", "shop"}, {"accept", "*/*"}}
	})}, `waf
{"action":"BLOCK","formatVersion":"1","httpRequest":{"clientIp":"198.51.100.7","headers":[{"name":"host","value":"shop"},{"name":"accept","value":"*/*"},{"name":"User-Agent","value":"sqlmap"}],"httpMethod":"GET","requestId":"q-1","uri":"/x"},"httpSourceName":"ALB","labels":[{"name":"awswaf:x"}],"timestamp":1772600767000,"webaclId":"arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/a/b"}
`}
	tables["EKS_AUDIT"] = table{[]lakeRow{func() lakeRow {
		row := lakeCall(6003, "create", "", "")
		row.Metadata.Product.Name, row.Metadata.Product.Version, row.Message = "Amazon EKS", "audit.k8s.io/v1", "ResponseComplete"
		row.Cloud.Account.UID, row.Cloud.Region, row.HTTP.URL.Path = "arn:aws:sts::111122223333:assumed-role/Dev/eve", "", "/api/v1/namespaces/kube-system/pods/p/exec"
		row.Resources[0].UID, row.Resources[0].Type, row.Resources[0].Name, row.Resources[0].Namespace = "", "pods/exec", "p", "kube-system"
		row.Unmapped = map[string]string{"requestObject.spec.containers[].securityContext.privileged": "true", "sourceIPs[]": "198.51.100.7"}
		return row
	}()}, `eksaudit
{"apiVersion":"audit.k8s.io/v1","auditID":"r-1","kind":"Event","objectRef":{"name":"p","namespace":"kube-system","resource":"pods","subresource":"exec"},"requestObject":{"spec":{"containers":{"securityContext":{"privileged":true}}}},"requestReceivedTimestamp":"2026-03-04T05:06:07Z","requestURI":"/api/v1/namespaces/kube-system/pods/p/exec","sourceIPs":["198.51.100.7"],"stage":"ResponseComplete","stageTimestamp":"2026-03-04T05:06:07Z","user":{"extra":{"arn":["arn:aws:sts::111122223333:assumed-role/Dev/eve"]}},"userAgent":"aws-cli/2","verb":"create"}
`}
	tables["SH_FINDINGS"] = table{[]lakeRow{lakeOf(2004, "GuardDuty", func(r *lakeRow) {
		r.Finding.UID, r.Finding.Title, r.Finding.Types, r.Finding.Last, r.Severity = "arn:aws:guardduty:eu-west-1:111122223333:detector/d/finding/f1", "A trail was stopped", []string{"Stealth:IAMUser/CloudTrailLoggingDisabled"}, lakeTime, 4
	}), lakeOf(2002, "Inspector", func(r *lakeRow) {
		r.Finding.UID, r.Finding.Title, r.Severity = "f2", "CVE-2026-1", 5
	})}, "json\nfinding f1 of guardduty, high: A trail was stopped\nfinding f2 of inspector, critical: CVE-2026-1\n"}
	for name, table := range tables {
		for _, codec := range []compress.Codec{&parquet.Zstd, &parquet.Snappy, &parquet.Gzip} {
			t.Run(name+"/"+codec.String(), func(t *testing.T) {
				var b bytes.Buffer
				w := parquet.NewGenericWriter[lakeRow](&b, parquet.Compression(codec), parquet.PageBufferSize(64))
				for _, row := range table.rows {
					if _, err := w.Write([]lakeRow{row}); err != nil {
						t.Fatal(err)
					}
					if err := w.Flush(); err != nil { // each a row group of its own
						t.Fatal(err)
					}
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				path := "aws/" + name + "/2.0/region=eu-west-1/accountId=111122223333/eventDay=20260304/t.parquet"
				if got := handed(t, path, b.String()); got != table.want {
					t.Errorf("%s\nwant\n%s", got, table.want)
				}
			})
		}
	}
}

// TestLakeEvents: the events behind the tables' rows are those of the logs.
func TestLakeEvents(t *testing.T) {
	row := lakeOf(4001, "Amazon VPC", func(r *lakeRow) {
		r.Source.IP, r.Target.IP, r.Target.Between, r.Target.Interface, r.Action = "1.2.3.4", "10.9.9.9", []string{"172.31.2.52"}, "eni-0a", "Allowed"
	})
	text := handed(t, "f.parquet", parquetOf(t, row))
	events, report := flows(t, strings.TrimPrefix(text, "flowlog\n"))
	if len(events) != 1 || report.BadTotal != 0 {
		t.Fatalf("%d events, %+v of %s", len(events), report, text)
	}
	// The flow is with the interface; the packet went further.
	if got := names(events[0].Resources); got != "used ip/1.2.3.4, target ip/172.31.2.52, used resource/eni-0a" || events[0].Name != "ACCEPT" || !events[0].Time.Equal(lakeTime) {
		t.Errorf("%s, %+v", got, events[0])
	}
}
