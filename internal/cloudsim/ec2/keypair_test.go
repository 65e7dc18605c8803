package ec2_test

import (
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/crypto/ssh"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

func (c client) keyPairs(in ec2.DescribeKeyPairsInput) []types.KeyPairInfo {
	c.t.Helper()
	return must[*ec2.DescribeKeyPairsOutput](c.t)(c.DescribeKeyPairs(c.t.Context(), &in)).KeyPairs
}

func (c client) createKey(in ec2.CreateKeyPairInput) *ec2.CreateKeyPairOutput {
	c.t.Helper()
	return must[*ec2.CreateKeyPairOutput](c.t)(c.CreateKeyPair(c.t.Context(), &in))
}

// tagged is the tag k=v for a new resource.
func tagged(kind types.ResourceType) []types.TagSpecification {
	tags := []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
	return []types.TagSpecification{{ResourceType: kind, Tags: tags}}
}

func (c client) importKey(name, line string) (*ec2.ImportKeyPairOutput, error) {
	return c.ImportKeyPair(c.t.Context(), &ec2.ImportKeyPairInput{KeyName: &name, PublicKeyMaterial: []byte(line)})
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateKeyPair.html
func TestAKeyPairIsRSAUnlessTheCallerWantsAnotherType(t *testing.T) {
	t.Parallel()
	c := one(t)
	made := c.createKey(ec2.CreateKeyPairInput{KeyName: aws.String("mine")})
	block, rest := pem.Decode([]byte(*made.KeyMaterial))
	if block == nil || len(rest) > 0 || block.Type != "RSA PRIVATE KEY" {
		t.Fatalf("the private key is %s", *made.KeyMaterial)
	}
	key := must[*rsa.PrivateKey](t)(x509.ParsePKCS1PrivateKey(block.Bytes))
	sum := sha1.Sum(must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key)))
	if want := strings.ReplaceAll(fmt.Sprintf("% x", sum), " ", ":"); *made.KeyFingerprint != want {
		t.Errorf("the fingerprint is %s, want %s", *made.KeyFingerprint, want)
	}
	got := c.keyPairs(ec2.DescribeKeyPairsInput{KeyNames: []string{"mine"}})[0]
	if got.KeyType != types.KeyTypeRsa || got.PublicKey != nil {
		t.Errorf("the key pair is %+v", got)
	}
}

func TestSSHReadsTheKeysOfKeyPairs(t *testing.T) {
	t.Parallel()
	c := one(t)
	for _, kind := range []types.KeyType{types.KeyTypeEd25519, types.KeyTypeRsa} {
		name := string(kind)
		made := c.createKey(ec2.CreateKeyPairInput{KeyName: &name, KeyType: kind})
		public := must[ssh.Signer](t)(ssh.ParsePrivateKey([]byte(*made.KeyMaterial))).PublicKey()
		derived := strings.Fields(string(ssh.MarshalAuthorizedKey(public)))
		shown := c.keyPairs(ec2.DescribeKeyPairsInput{
			KeyPairIds: []string{*made.KeyPairId}, IncludePublicKey: aws.Bool(true),
		})[0]
		if got := strings.Fields(*shown.PublicKey); got[0] != derived[0] || got[1] != derived[1] || got[2] != name {
			t.Errorf("the public key is %s, want %v", *shown.PublicKey, derived)
		}
		fingerprint := ssh.FingerprintSHA256(public)
		if kind == types.KeyTypeEd25519 && "SHA256:"+strings.TrimRight(*made.KeyFingerprint, "=") != fingerprint {
			t.Errorf("the fingerprint is %s, want %s", *made.KeyFingerprint, fingerprint)
		}
	}
}

// publicRSA has the fingerprint that `openssl md5 -c` prints for its DER.
const (
	publicRSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQD9FXzB/+4zsEQsatQSJrV4Tr91gcRRhp98JKQ/HjY7cDpnfHXSawRmY0QZNWYQVnY" +
		"Vspe0s6QcxODEV6sJK2jxhq48sb3S+DS9mt3XgkAI/zBeXdIb4F7Qxm8Xn0Em9TgU2uLv82+8rgKEtk5hMFoW9oc8v3eU5OiE9JabepknSw=="
	publicED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBz6zJinfr3vyiLsgAQ5I4QK79GBlRDlooCnJKKQ4rCN me@example.com"
	publicECDSA   = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBJkzrdBsBaUfx1P8dRT6hq7+DyQ" +
		"Tf7pzBHclKWE4dpU7lH11SNI/kBdWiIQ0vC/52Et5ByIVOc7EBVTwJVwoQTU="
)

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ImportKeyPair.html
func TestImportedKeyPairs(t *testing.T) {
	t.Parallel()
	c := one(t)
	for _, tt := range []struct{ name, line, code, fingerprint string }{
		{"rsa", publicRSA, "no error", "0a:a9:fc:33:54:57:ad:76:89:17:18:2c:79:21:9b:c3"},
		{"ed25519", publicED25519, "no error", "efQw7LNxj4ai9cPnAZ1x8f8hJsHNhS4YszyaAJyojoA="},
		{"rsa", publicED25519, "InvalidKeyPair.Duplicate", ""},
		{"a type that EC2 doesn't take", publicECDSA, "InvalidKey.Format", ""},
		{"no Base64", "ssh-rsa !", "InvalidKey.Format", ""},
		{"one field", "ssh-rsa", "InvalidKey.Format", ""},
		{"cut off", publicED25519[:50], "InvalidKey.Format", ""},
		{"another type than its own", "ssh-rsa " + publicED25519[len("ssh-ed25519 "):], "InvalidKey.Format", ""},
		{"another name inside", strings.Replace(publicRSA, "AAAAB3NzaC1yc2E", "AAAAB3NzaC1kc3M", 1), "InvalidKey.Format", ""},
		{"", publicRSA, "MissingParameter", ""},
		{"né", publicRSA, "InvalidParameterValue", ""},
	} {
		out, err := c.importKey(tt.name, tt.line)
		refused(t, err, tt.code)
		if err == nil && *out.KeyFingerprint != tt.fingerprint {
			t.Errorf("%s: the fingerprint is %s, want %s", tt.name, *out.KeyFingerprint, tt.fingerprint)
		}
	}
	if got := c.keyPairs(ec2.DescribeKeyPairsInput{}); len(got) != 2 {
		t.Errorf("the key pairs are %v", got)
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeKeyPairs.html
func TestKeyPairsAreFilteredAndDeleted(t *testing.T) {
	t.Parallel()
	c := one(t)
	made := must[*ec2.ImportKeyPairOutput](t)(c.ImportKeyPair(t.Context(), &ec2.ImportKeyPairInput{
		KeyName: aws.String("a"), PublicKeyMaterial: []byte(publicED25519),
		TagSpecifications: tagged(types.ResourceTypeKeyPair),
	}))
	must[*ec2.ImportKeyPairOutput](t)(c.importKey("b", publicRSA))
	for _, f := range []types.Filter{
		filter("key-name", "a"), filter("key-pair-id", *made.KeyPairId), filter("fingerprint", *made.KeyFingerprint),
		filter("tag:k", "v"),
	} {
		got := c.keyPairs(ec2.DescribeKeyPairsInput{Filters: []types.Filter{f}})
		if len(got) != 1 || *got[0].KeyName != "a" || len(got[0].Tags) != 1 {
			t.Errorf("%s finds %+v", *f.Name, got)
		}
	}
	if got := c.keyPairs(ec2.DescribeKeyPairsInput{KeyNames: []string{"b"}}); len(got) != 1 || *got[0].KeyName != "b" {
		t.Errorf("named b are %+v", got)
	}
	_, err := c.DescribeKeyPairs(t.Context(), &ec2.DescribeKeyPairsInput{KeyNames: []string{"a", "c"}})
	refused(t, err, "InvalidKeyPair.NotFound")
	_, err = c.DescribeKeyPairs(t.Context(), &ec2.DescribeKeyPairsInput{KeyPairIds: []string{"key-0123456789abcdef0"}})
	refused(t, err, "InvalidKeyPair.NotFound")
	i := must[types.Instance](t)(c.run(ec2.RunInstancesInput{KeyName: aws.String("a")}))
	remove := func(in ec2.DeleteKeyPairInput) (*ec2.DeleteKeyPairOutput, error) {
		return c.DeleteKeyPair(t.Context(), &in)
	}
	_, err = remove(ec2.DeleteKeyPairInput{KeyName: aws.String("a"), DryRun: aws.Bool(true)})
	refused(t, err, "DryRunOperation")
	out := must[*ec2.DeleteKeyPairOutput](t)(remove(ec2.DeleteKeyPairInput{KeyPairId: made.KeyPairId}))
	if *out.KeyPairId != *made.KeyPairId || len(c.keyPairs(ec2.DescribeKeyPairsInput{})) != 1 {
		t.Errorf("deleted %s, left %v", *out.KeyPairId, c.keyPairs(ec2.DescribeKeyPairsInput{}))
	}
	if *i.KeyName != "a" {
		t.Errorf("the instance has the key %s", *i.KeyName)
	}
	_, err = remove(ec2.DeleteKeyPairInput{KeyName: aws.String("a")})
	refused(t, err, "no error") // also without such a key pair
	_, err = remove(ec2.DeleteKeyPairInput{})
	refused(t, err, "MissingParameter")
}

func TestAnInstanceNeedsAKeyPairThatExists(t *testing.T) {
	t.Parallel()
	_, err := one(t).run(ec2.RunInstancesInput{KeyName: aws.String("mine")})
	refused(t, err, "InvalidKeyPair.NotFound")
}

func TestRefusedKeyPairs(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]ec2.CreateKeyPairInput{
		"the type":   {KeyType: "dsa"},
		"the format": {KeyFormat: types.KeyFormatPpk},
		"the tags":   {TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeVpc}}},
	} {
		in.KeyName = aws.String("mine")
		_, err := one(t).CreateKeyPair(t.Context(), &in)
		if err == nil {
			t.Errorf("%s is taken", name)
		}
		refused(t, err, "InvalidParameterValue")
	}
}

func TestTheRefusalOfAFormatIsUnlikeAWS(t *testing.T) {
	t.Parallel()
	_, err := one(t).CreateKeyPair(t.Context(), &ec2.CreateKeyPairInput{
		KeyName: aws.String("mine"), KeyFormat: types.KeyFormatPpk,
	})
	if err == nil || !strings.Contains(err.Error(), "The embedded cloud, unlike AWS") {
		t.Errorf("the format ppk: %v", err)
	}
}

func TestTheTrailHasNoPrivateKey(t *testing.T) {
	t.Parallel()
	var last apicall.Record
	c := in(t, sim.New(sim.Options{Trail: func(r apicall.Record) { last = r }}), marketing, virginia)
	c.createKey(ec2.CreateKeyPairInput{KeyName: aws.String("mine")})
	if got := last.ResponseElements["keyMaterial"]; got != "<sensitiveDataRemoved>" {
		t.Errorf("the trail has %v", got)
	}
}
