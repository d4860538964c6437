package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// cosigned checks that each of these witnesses has cosigned the note (c2sp.org/tlog-cosignature, Ed25519). The note
// package reads the note and compares names and key hashes; what it does not know is what a witness signs.
func cosigned(text string, vkeys []string) error {
	for _, vkey := range vkeys {
		verifier, err := newWitness(vkey)
		if err != nil {
			return fmt.Errorf("witness: %w", err)
		}
		if _, err := note.Open([]byte(text), note.VerifierList(verifier)); err != nil {
			return fmt.Errorf("cosignature of %s: %w", verifier.name, err)
		}
	}
	return nil
}

type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

const cosignature = 0x04

func newWitness(vkey string) (*witness, error) {
	name, rest, _ := strings.Cut(vkey, "+")
	hash, encoded, _ := strings.Cut(rest, "+")
	id, err := hex.DecodeString(hash)
	if err != nil || len(id) != 4 {
		return nil, errors.New("no key hash")
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != cosignature {
		return nil, errors.New("no cosignature key")
	}
	if sum := sha256.Sum256(append([]byte(name+"\n"), key...)); !bytes.Equal(sum[:4], id) {
		return nil, errors.New("the key hash is another's")
	}
	return &witness{name, binary.BigEndian.Uint32(id), ed25519.PublicKey(key[1:])}, nil
}

func (w *witness) Name() string    { return w.name }
func (w *witness) KeyHash() uint32 { return w.hash }

func (w *witness) Verify(text, signed []byte) bool {
	if len(signed) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(signed[:8])
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, text)
	return time != 0 && ed25519.Verify(w.key, []byte(message), signed[8:])
}
