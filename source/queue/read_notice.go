package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// object is a log file that a message tells of.
type object struct {
	bucket, key, version string
}

// maxObjects bounds what one message may have fetched. S3 puts one object into a message, CloudTrail some.
const maxObjects = 1000

// readNotice tells whether a message announces objects or holds events itself. A test event of S3 is neither, nor is the news
// that an object was deleted or tagged: there is nothing to read in it. The error says that no later try will make more of it.
// Sources: Amazon S3 user guide, Event message structure; EventBridge events for Amazon S3.
func readNotice(body []byte) (objects []object, inline []byte, err error) {
	for range 4 { // SNS to SQS, and SNS raw by way of another topic
		var sns struct {
			Type, Message string
		}
		if json.Unmarshal(body, &sns) != nil || sns.Type != "Notification" || sns.Message == "" {
			break
		}
		body = []byte(sns.Message)
	}
	if !json.Valid(body) {
		// Not JSON may still be a line of a log; the reader of logs says what it is.
		if len(strings.TrimSpace(string(body))) == 0 {
			return nil, nil, errors.New("an empty message")
		}
		return nil, body, nil
	}
	var n struct {
		Event   string
		Records []struct {
			EventSource string `json:"eventSource"`
			EventName   string `json:"eventName"`
			S3          struct {
				Bucket struct {
					Name string `json:"name"`
				} `json:"bucket"`
				Object struct {
					Key       string `json:"key"`
					VersionID string `json:"versionId"`
				} `json:"object"`
			} `json:"s3"`
		}
		Source string `json:"source"`
		Kind   string `json:"detail-type"`
		Detail struct {
			Bucket struct {
				Name string `json:"name"`
			} `json:"bucket"`
			Object struct {
				Key     string `json:"key"`
				Version string `json:"version-id"`
			} `json:"object"`
		} `json:"detail"`
		S3Bucket string   `json:"s3Bucket"`
		S3Keys   []string `json:"s3ObjectKey"`
	}
	// Another shape in these places is an event of another kind: it is handed over as it is.
	if err := json.Unmarshal(body, &n); err != nil {
		return nil, body, nil
	}
	switch {
	case n.Event == "s3:TestEvent":
		return nil, nil, nil
	case len(n.Records) > 0 && n.Records[0].EventSource == "aws:s3":
		for _, r := range n.Records {
			if r.EventName != "" && !strings.HasPrefix(r.EventName, "ObjectCreated:") && r.EventName != "ObjectRestore:Completed" {
				continue
			}
			// Only in this form the key is encoded, with + for a space.
			key, err := url.QueryUnescape(r.S3.Object.Key)
			if err != nil {
				return nil, nil, fmt.Errorf("a notice of S3 whose key cannot be decoded: %w", err)
			}
			objects = append(objects, object{r.S3.Bucket.Name, key, r.S3.Object.VersionID})
		}
	case n.Source == "aws.s3" && strings.HasPrefix(n.Kind, "Object ") && n.Kind != "Object Created" && n.Kind != "Object Restore Completed":
		return nil, nil, nil
	case n.Source == "aws.s3" && strings.HasPrefix(n.Kind, "Object "):
		objects = append(objects, object{n.Detail.Bucket.Name, n.Detail.Object.Key, n.Detail.Object.Version})
	case n.S3Bucket != "":
		for _, key := range n.S3Keys {
			objects = append(objects, object{bucket: n.S3Bucket, key: key})
		}
	default:
		return nil, body, nil
	}
	if len(objects) > maxObjects {
		return nil, nil, fmt.Errorf("a notice of %d objects, more than %d", len(objects), maxObjects)
	}
	for _, o := range objects {
		if o.bucket == "" || o.key == "" {
			return nil, nil, errors.New("a notice of an object without its bucket or key")
		}
	}
	return objects, nil, nil
}
