package sandbox

import (
	"bytes"
	"crypto/md5" //nolint:gosec // S3's ETag of a simple upload is an MD5, by definition
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// mostBody bounds an object: the account is held in memory.
const mostBody = 16 << 20

// object is the newest version of an object; older versions are not kept.
type object struct {
	key, etag string
	data      []byte
	modified  time.Time
	kind      string // content type
	metadata  map[string]string
}

func registerObjects(r registry) {
	reads(r, "S3.ListObjectsV2", (*call).listObjects, withAction("s3:ListBucket"), withEvent("ListObjects"), asData,
		at(func(_ *call, in *s3.ListObjectsV2Input) target {
			name := aws.ToString(in.Bucket)
			return target{arn: "arn:aws:s3:::" + name, kind: "AWS::S3::Bucket", name: name, extra: map[string][]string{
				"s3:prefix": {aws.ToString(in.Prefix)}, "s3:delimiter": {aws.ToString(in.Delimiter)},
			}}
		}))
	reads(r, "S3.GetObject", (*call).getObject, asData)
	writes(r, "S3.PutObject", (*call).putObject, asData)
	reads(r, "S3.HeadObject", (*call).headObject, withAction("s3:GetObject"), asData)
	writes(r, "S3.DeleteObject", (*call).deleteObject, asData)
}

func (b *bucket) put(key string, data []byte, kind string, metadata map[string]string, now time.Time) *object {
	sum := md5.Sum(data) //nolint:gosec // see above
	o := &object{
		key: key, data: data, modified: now.Truncate(time.Second), kind: kind, metadata: metadata,
		etag: `"` + hex.EncodeToString(sum[:]) + `"`,
	}
	b.objects[key] = o
	return o
}

func (c *call) object(name, key *string) (*object, error) {
	b, err := c.bucket(name)
	if err != nil {
		return nil, err
	}
	if o := b.objects[aws.ToString(key)]; o != nil {
		return o, nil
	}
	if c.operation.name == "HeadObject" {
		return nil, &s3types.NotFound{Message: aws.String("Not Found")}
	}
	return nil, &s3types.NoSuchKey{Message: aws.String("The specified key does not exist.")}
}

func (c *call) putObject(in *s3.PutObjectInput) (*s3.PutObjectOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	var data []byte
	if in.Body != nil {
		// The SDK has read the buffered body to hash it; ReadAt ignores that position and a retry finds it whole.
		whole, ok := in.Body.(*bytes.Reader)
		if !ok {
			return nil, errors.New("sandbox: object body was not buffered")
		}
		data = make([]byte, whole.Size())
		if _, err := whole.ReadAt(data, 0); err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("sandbox: read buffered body: %w", err)
		}
	}
	o := b.put(aws.ToString(in.Key), data, aws.ToString(in.ContentType), maps.Clone(in.Metadata), c.now)
	return &s3.PutObjectOutput{ETag: aws.String(o.etag)}, nil
}

func (c *call) getObject(in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	o, err := c.object(in.Bucket, in.Key)
	if err != nil {
		return nil, err
	}
	return &s3.GetObjectOutput{
		Body: io.NopCloser(bytes.NewReader(o.data)), ContentLength: aws.Int64(int64(len(o.data))), ETag: aws.String(o.etag),
		LastModified: aws.Time(o.modified), ContentType: emptyNil(o.kind), Metadata: maps.Clone(o.metadata),
	}, nil
}

func (c *call) headObject(in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	o, err := c.object(in.Bucket, in.Key)
	if err != nil {
		return nil, err
	}
	return &s3.HeadObjectOutput{
		ContentLength: aws.Int64(int64(len(o.data))), ETag: aws.String(o.etag), LastModified: aws.Time(o.modified),
		ContentType: emptyNil(o.kind), Metadata: maps.Clone(o.metadata),
	}, nil
}

func (c *call) deleteObject(in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	delete(b.objects, aws.ToString(in.Key)) // deleting what is not there succeeds, as in S3
	return nil, nil
}

func (c *call) listObjects(in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	prefix, delimiter := aws.ToString(in.Prefix), aws.ToString(in.Delimiter)
	// One entry per object, or per folder where a delimiter folds them; both count against a page.
	folded := map[string]*object{}
	for key, o := range b.objects {
		if !strings.HasPrefix(key, prefix) || key <= aws.ToString(in.StartAfter) {
			continue
		}
		if rest := key[len(prefix):]; delimiter != "" && strings.Contains(rest, delimiter) {
			folded[prefix+rest[:strings.Index(rest, delimiter)+len(delimiter)]] = nil
			continue
		}
		folded[key] = o
	}
	keys, next, ok := page(slices.Sorted(maps.Keys(folded)), plainKey, in.ContinuationToken, in.MaxKeys, 1000)
	if !ok {
		return nil, apiError("InvalidArgument", "The continuation token provided is incorrect")
	}
	out := &s3.ListObjectsV2Output{
		Name: in.Bucket, Prefix: in.Prefix, Delimiter: in.Delimiter, KeyCount: aws.Int32(int32(len(keys))),
		IsTruncated: aws.Bool(next != nil), NextContinuationToken: next, ContinuationToken: in.ContinuationToken,
		MaxKeys: aws.Int32(1000),
	}
	for _, key := range keys {
		o := folded[key]
		if o == nil {
			out.CommonPrefixes = append(out.CommonPrefixes, s3types.CommonPrefix{Prefix: aws.String(key)})
			continue
		}
		out.Contents = append(out.Contents, s3types.Object{
			Key: aws.String(key), Size: aws.Int64(int64(len(o.data))), ETag: aws.String(o.etag), LastModified: aws.Time(o.modified),
			StorageClass: s3types.ObjectStorageClassStandard,
		})
	}
	return out, nil
}

// AddBucket makes a bucket in a region, with public access blocked as new buckets have it.
func (w *World) AddBucket(name, region string) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.newBucket(w.home, name, region, seeded(now))
}

// AddObject puts an object into a seeded bucket.
func (w *World) AddObject(bucketName, key string, data []byte) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buckets[bucketName].put(key, bytes.Clone(data), "binary/octet-stream", nil, seeded(now))
}
