package ec2

import (
	"crypto/ed25519"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // AWS has fingerprints of it
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"
)

// keyPair is the public key of a key pair. EC2 keeps no private key.
type keyPair struct {
	*cell
	id, name, kind string
	blob           []byte // the public key as SSH encodes it
	fingerprint    string
	created        time.Time
}

// The type's id has no code of its own for malformed ids in AWS's list of errors.
var typeKeyPair = resourceType{"key-", "key-pair", "InvalidKeyPair.NotFound", "InvalidParameterValue", "key pair"}

const (
	kindRSA     = "rsa"
	kindED25519 = "ed25519"
)

// createKeyPair returns the private key, which no later call shows:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateKeyPair.html
func createKeyPair(r *request) ([]node, error) {
	k, tags, err := r.newKeyPair()
	if err != nil {
		return nil, err
	}
	if format := r.params["KeyFormat"]; format != "" && format != "pem" {
		return nil, invalidValue("Value (%s) for parameter keyFormat is invalid. The embedded cloud, unlike AWS, has no "+
			"format but pem.", format)
	}
	var private string
	switch k.kind = orText(r.params["KeyType"], kindRSA); k.kind {
	case kindRSA:
		private, err = k.makeRSA()
	case kindED25519:
		private, err = k.makeED25519()
	default:
		err = invalidValue("Value (%s) for parameter keyType is invalid. Valid values: rsa, ed25519.", k.kind)
	}
	if err != nil {
		return nil, err
	}
	r.addKeyPair(k, tags)
	return append(k.show(), leaf("keyMaterial", private)), nil
}

// newKeyPair reads the name, which must be new, and the tags.
func (r *request) newKeyPair() (*keyPair, tagSet, error) {
	name, err := r.must("KeyName")
	if err != nil {
		return nil, nil, err
	}
	isASCII := strings.IndexFunc(name, func(c rune) bool { return c > 127 }) < 0
	switch {
	case len(name) > 255 || !isASCII:
		return nil, nil, invalidValue("Value (%s) for parameter KeyName is invalid. It has up to 255 ASCII characters.", name)
	case r.cell.keyNamed(name) != nil:
		return nil, nil, refuse("InvalidKeyPair.Duplicate", "The keypair '%s' already exists.", name)
	}
	tags, err := r.specified(typeKeyPair)
	return &keyPair{cell: r.cell, name: name, created: r.now}, tags, err
}

func (r *request) addKeyPair(k *keyPair, tags tagSet) {
	k.id = r.newID(typeKeyPair.prefix)
	r.cell.keys[k.id] = k
	r.cell.tag(k.id, tags)
}

func (c *cell) keyNamed(name string) *keyPair {
	for _, k := range c.keys {
		if k.name == name {
			return k
		}
	}
	return nil
}

// makeRSA has the fingerprint of a key that AWS creates, SHA-1 of the private key. That of an imported key is MD5 of
// the public key: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/verify-keys.html
func (k *keyPair) makeRSA() (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	sum := sha1.Sum(der)
	k.blob, k.fingerprint = rsaBlob(&key.PublicKey), colons(sum[:])
	return pemText("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), nil
}

func (k *keyPair) makeED25519() (string, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	k.blob = slices.Concat(sshString([]byte(sshED25519)), sshString(public))
	k.fingerprint = sshFingerprint(k.blob)
	return pemText("OPENSSH PRIVATE KEY", opensshKey(k.blob, private, k.name)), nil
}

func pemText(kind string, der []byte) string {
	return strings.TrimSuffix(string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})), "\n")
}

func colons(sum []byte) string { return strings.ReplaceAll(fmt.Sprintf("% x", sum), " ", ":") }

func sshFingerprint(blob []byte) string {
	sum := sha256.Sum256(blob)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// importKeyPair takes a line of OpenSSH:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ImportKeyPair.html
func importKeyPair(r *request) ([]node, error) {
	k, tags, err := r.newKeyPair()
	if err != nil {
		return nil, err
	}
	material, err := r.must("PublicKeyMaterial")
	if err != nil {
		return nil, err
	}
	line, err := base64.StdEncoding.DecodeString(material)
	if err == nil {
		err = k.read(string(line))
	}
	if err != nil {
		return nil, refuse("InvalidKey.Format", "Key is not in valid OpenSSH public key format")
	}
	r.addKeyPair(k, tags)
	return k.show(), nil
}

// read parses "ssh-ed25519 AAAA… comment" or the same with ssh-rsa.
func (k *keyPair) read(line string) error {
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return errNoKey
	}
	blob, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		return err
	}
	k.blob = blob
	switch fields[0] {
	case sshED25519:
		k.kind, k.fingerprint = kindED25519, sshFingerprint(blob)
		return checkED25519(blob)
	case sshRSA:
		public, err := parseRSA(blob)
		if err != nil {
			return err
		}
		der, err := x509.MarshalPKIXPublicKey(public)
		sum := md5.Sum(der)
		k.kind, k.fingerprint = kindRSA, colons(sum[:])
		return err
	}
	return errNoKey
}

// deleteKeyPair succeeds for a name that no key pair has, as AWS does.
func deleteKeyPair(r *request) ([]node, error) {
	k := r.cell.keyNamed(r.params["KeyName"])
	var err error
	if r.has("KeyPairId") {
		k, err = find(typeKeyPair, r.params, "KeyPairId", r.cell.keys)
	} else {
		_, err = r.must("KeyName")
	}
	if err != nil || k == nil {
		return done(), err
	}
	r.cell.forget(k.id)
	delete(r.cell.keys, k.id)
	return append(done(), leaf("keyPairId", k.id)), nil
}

// checkKey refuses the name of no key pair. An instance keeps the name of one that is deleted afterwards.
func (r *request) checkKey(name string) error {
	if name != "" && r.cell.keyNamed(name) == nil {
		return typeKeyPair.missing(name)
	}
	return nil
}

var keyPairListing = listing[*keyPair]{
	set:          "keySet",
	ids:          "KeyPairId",
	resourceType: typeKeyPair,
	whole:        true,
	id:           func(k *keyPair) string { return k.id },
	filters: filters[*keyPair]{
		"key-pair-id": one(func(k *keyPair) string { return k.id }),
		"key-name":    one(func(k *keyPair) string { return k.name }),
		"fingerprint": one(func(k *keyPair) string { return k.fingerprint }),
	},
}

func describeKeyPairs(r *request) ([]node, error) {
	public, err := r.bool("IncludePublicKey")
	if err != nil {
		return nil, err
	}
	names, all := r.list("KeyName"), sorted(r.cell.keys)
	for _, name := range names {
		if err := r.checkKey(name); err != nil {
			return nil, err
		}
	}
	if len(names) > 0 {
		all = slices.DeleteFunc(all, func(k *keyPair) bool { return !slices.Contains(names, k.name) })
	}
	l := keyPairListing
	l.show = func(k *keyPair) []node {
		nodes := append(k.show(), leaf("keyType", k.kind), leaf("createTime", k.created))
		if public {
			nodes = append(nodes, leaf("publicKey", k.publicLine()))
		}
		return nodes
	}
	return describe(r, l, all)
}

func (k *keyPair) show() []node {
	return []node{
		leaf("keyPairId", k.id), leaf("keyName", k.name), leaf("keyFingerprint", k.fingerprint), k.taggedNode(k.id),
	}
}

// publicLine is the public key as authorized_keys has it, with the name of the key pair as its comment.
func (k *keyPair) publicLine() string {
	kind := sshRSA
	if k.kind == kindED25519 {
		kind = sshED25519
	}
	return kind + " " + base64.StdEncoding.EncodeToString(k.blob) + " " + k.name
}
