package ec2

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/binary"
	"errors"
	"math/big"
	"slices"
)

// The names of the two types of keys in SSH: https://www.rfc-editor.org/rfc/rfc4253#section-6.6 and
// https://www.rfc-editor.org/rfc/rfc8709#section-4.
const (
	sshRSA     = "ssh-rsa"
	sshED25519 = "ssh-ed25519"
)

var errNoKey = errors.New("no public key of SSH")

// sshString is a string as SSH encodes it: its length and its bytes.
func sshString(b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
}

// sshNumber is a positive number, with a zero byte in front if it would look negative.
func sshNumber(n *big.Int) []byte {
	b := n.Bytes()
	if len(b) > 0 && b[0] >= 0x80 {
		b = append([]byte{0}, b...)
	}
	return sshString(b)
}

func rsaBlob(key *rsa.PublicKey) []byte {
	return slices.Concat(sshString([]byte(sshRSA)), sshNumber(big.NewInt(int64(key.E))), sshNumber(key.N))
}

// sshStrings splits an encoded key into n strings, which must be all of it.
func sshStrings(b []byte, n int) ([][]byte, error) {
	var all [][]byte
	for len(b) >= 4 && len(all) < n {
		size := int(binary.BigEndian.Uint32(b))
		if b = b[4:]; size > len(b) {
			return nil, errNoKey
		}
		all, b = append(all, b[:size]), b[size:]
	}
	if len(all) != n || len(b) > 0 {
		return nil, errNoKey
	}
	return all, nil
}

func checkED25519(blob []byte) error {
	parts, err := sshStrings(blob, 2)
	if err == nil && (string(parts[0]) != sshED25519 || len(parts[1]) != ed25519.PublicKeySize) {
		err = errNoKey
	}
	return err
}

// parseRSA takes the lengths that EC2 does: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-key-pairs.html
func parseRSA(blob []byte) (*rsa.PublicKey, error) {
	parts, err := sshStrings(blob, 3)
	if err != nil {
		return nil, err
	}
	e, n := new(big.Int).SetBytes(parts[1]), new(big.Int).SetBytes(parts[2])
	if string(parts[0]) != sshRSA || !e.IsInt64() || !slices.Contains([]int{1024, 2048, 4096}, n.BitLen()) {
		return nil, errNoKey
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
}

// opensshKey is an unencrypted private key in OpenSSH's own format:
// https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key
func opensshKey(blob []byte, private ed25519.PrivateKey, comment string) []byte {
	const check = "\x00\x00\x00\x01" // twice, so that a reader recognizes a wrong passphrase
	inner := slices.Concat([]byte(check+check), blob, sshString(private), sshString([]byte(comment)))
	for pad := byte(1); len(inner)%8 != 0; pad++ {
		inner = append(inner, pad)
	}
	none := sshString([]byte("none"))
	return bytes.Join([][]byte{
		[]byte("openssh-key-v1\x00"), none, none, sshString(nil), {0, 0, 0, 1}, sshString(blob), sshString(inner),
	}, nil)
}
