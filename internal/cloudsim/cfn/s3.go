package cfn

import (
	"encoding/json"
	"net/http"
)

type bucketProperties struct {
	BucketName string
	// The settings below have no effect in the embedded cloud.
	BucketEncryption               json.RawMessage
	PublicAccessBlockConfiguration json.RawMessage
	OwnershipControls              json.RawMessage
	Tags                           []tag
}

func createBucket(d *deployment, id string, p bucketProperties) (made, error) {
	name := d.physical(p.BucketName, id)
	location := "<CreateBucketConfiguration><LocationConstraint>" + d.Source.Region +
		"</LocationConstraint></CreateBucketConfiguration>"
	return made{name, map[string]string{"Arn": "arn:aws:s3:::" + name}}, d.s3(http.MethodPut, name, "", location)
}

func updateBucket(d *deployment, id string, _, _ bucketProperties) (made, error) {
	return d.resources[id], nil
}

func removeBucket(d *deployment, r made, _ bucketProperties) error {
	return d.s3(http.MethodDelete, r.ref, "", "")
}

type bucketPolicyProperties struct {
	Bucket         string
	PolicyDocument json.RawMessage
}

func createBucketPolicy(d *deployment, _ string, p bucketPolicyProperties) (made, error) {
	return made{ref: p.Bucket}, d.s3(http.MethodPut, p.Bucket, "policy", string(p.PolicyDocument))
}

func removeBucketPolicy(d *deployment, _ made, p bucketPolicyProperties) error {
	return d.s3(http.MethodDelete, p.Bucket, "policy", "")
}
