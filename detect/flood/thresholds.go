package flood

import "time"

// Step is the period of every datapoint here: floods come and go in minutes.
const Step = time.Minute

// Before is how far back traffic is compared: seven days make a median that one odd day does not move.
const Before = 7 * 24 * time.Hour

// What makes a flood. The shares and factors are those of Quell's thresholds; the least volumes keep services of a few
// requests a minute out, where any chance event is five times the median.
const (
	errorShare    = 0.05 // of answers
	badMinutes    = 3    // within badWindow
	badWindow     = 5    // minutes
	trafficFactor = 5.0  // over the median of the same hour
	blockedFactor = 3.0
	leastRequests = 300.0  // in a minute, for a share of errors to mean anything
	leastTraffic  = 3000.0 // in a minute, to be called a flood: 50 a second
	leastBlocked  = 300.0
	leastDays     = 3 // with data, for a median
)

// Service is what a resource is.
type Service string

// The services judged.
const (
	Shield      Service = "shield"
	Balancer    Service = "load balancer"
	WebACL      Service = "web ACL"
	CloudFront  Service = "distribution"
	APIGateway  Service = "API"
	HealthCheck Service = "health check"
)

// Metric names, as AWS writes them.
const (
	DDoSDetected    = "DDoSDetected"
	BalancerErrors  = "HTTPCode_ELB_5XX_Count"
	RequestCount    = "RequestCount"
	BlockedRequests = "BlockedRequests"
	ErrorRate       = "5xxErrorRate" // percent
	Requests        = "Requests"
	APIErrors       = "5XXError"
	APICount        = "Count"
	CheckStatus     = "HealthCheckStatus"
)

// Metric is one metric that is read of a service.
type Metric struct {
	Service   Service
	Namespace string
	Name      string
	Stat      string
	// ID is the dimension that names the resource, Others those that may stand beside it: AWS publishes the same metric per
	// zone, per method and in total, and only the total counts.
	ID     string
	Others []string
	// All is a dimension whose value must be ALL, which is how WAF writes a total.
	All string
	// Global is set for services that publish in us-east-1 alone.
	Global bool
	// Compared is set where the days before are needed.
	Compared bool
	// Sparse: AWS writes the metric only when something is counted, so that a gap is a zero. Source: the services' guides,
	// "reporting criteria: there is a nonzero value".
	Sparse bool
}

// Metrics are what is read. Sources: AWS Shield, Elastic Load Balancing, AWS WAF, CloudFront, API Gateway and Route 53
// developer guides, each in its page on CloudWatch metrics.
func Metrics() []Metric {
	return []Metric{
		{Service: Shield, Namespace: "AWS/DDoSProtection", Name: DDoSDetected, Stat: "Maximum", ID: "ResourceArn", Sparse: true},
		{Service: Balancer, Namespace: "AWS/ApplicationELB", Name: BalancerErrors, Stat: "Sum", ID: "LoadBalancer", Sparse: true},
		{Service: Balancer, Namespace: "AWS/ApplicationELB", Name: RequestCount, Stat: "Sum", ID: "LoadBalancer", Compared: true, Sparse: true},
		{Service: WebACL, Namespace: "AWS/WAFV2", Name: BlockedRequests, Stat: "Sum", ID: "WebACL", Others: []string{"Region"}, All: "Rule", Compared: true, Sparse: true},
		{Service: CloudFront, Namespace: "AWS/CloudFront", Name: ErrorRate, Stat: "Average", ID: "DistributionId", Others: []string{"Region"}, Global: true},
		{Service: CloudFront, Namespace: "AWS/CloudFront", Name: Requests, Stat: "Sum", ID: "DistributionId", Others: []string{"Region"}, Global: true, Compared: true},
		{Service: APIGateway, Namespace: "AWS/ApiGateway", Name: APIErrors, Stat: "Sum", ID: "ApiName"},
		{Service: APIGateway, Namespace: "AWS/ApiGateway", Name: APICount, Stat: "Sum", ID: "ApiName", Compared: true},
		{Service: HealthCheck, Namespace: "AWS/Route53", Name: CheckStatus, Stat: "Minimum", ID: "HealthCheckId", Global: true},
	}
}

// isSparse says whether a gap in a metric is a zero.
func isSparse(service Service, name string) bool {
	for _, m := range Metrics() {
		if m.Service == service && m.Name == name {
			return m.Sparse
		}
	}
	return false
}
