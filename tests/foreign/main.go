// Foreign checks what the ledger hands out with code of the Go project: golang.org/x/mod/sumdb/note opens the
// checkpoint, golang.org/x/mod/sumdb/tlog checks that an entry is in its tree and that an older tree is a prefix.
//
// It reads one JSON object on standard input, byte strings in standard base64:
//
//	{"vkey": "...", "note": "...", "witnesses": ["<vkey>", ...],
//	 "leaf": <entry bytes>, "index": 7, "proof": [<hash>, ...],
//	 "consistency": {"size": 5, "root": <hash>, "proof": [<hash>, ...]}}
//
// witnesses, leaf with index and proof, and consistency, may each be left out. Or it follows a log on its own, as a stranger's
// mirror would, from the address or the folder where a log is published (c2sp.org/tlog-tiles):
//
//	{"vkey": "...", "log": "http://.../log", "older": "<note>"}
//
// reading its checkpoint, all its tiles and all its entries; older, a checkpoint from before, may be left out. It exits
// 0 and prints the checkpoint's size when all that is given holds, otherwise 1 with the reason on standard error.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	VKey        string   `json:"vkey"`
	Log         string   `json:"log"`
	Older       string   `json:"older"`
	Note        string   `json:"note"`
	Witnesses   []string `json:"witnesses"`
	Leaf        []byte   `json:"leaf"`
	Index       int64    `json:"index"`
	Proof       [][]byte `json:"proof"`
	Consistency *struct {
		Size  int64    `json:"size"`
		Root  []byte   `json:"root"`
		Proof [][]byte `json:"proof"`
	} `json:"consistency"`
}

func main() {
	var asked question
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&asked)
	var size int64
	if err == nil {
		size, err = answer(asked)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(size)
}

func answer(asked question) (int64, error) {
	verifier, err := note.NewVerifier(asked.VKey)
	if err != nil {
		return 0, fmt.Errorf("vkey: %w", err)
	}
	if asked.Log != "" {
		return mirrored(asked, verifier)
	}
	tree, err := open(asked.Note, verifier)
	if err != nil {
		return 0, err
	}
	if err := cosigned(asked.Note, asked.Witnesses); err != nil {
		return 0, err
	}
	size, root := tree.N, tree.Hash
	if asked.Leaf != nil {
		proof, err := hashes(asked.Proof)
		if err != nil {
			return 0, fmt.Errorf("inclusion: %w", err)
		}
		if err := tlog.CheckRecord(proof, size, root, asked.Index, tlog.RecordHash(asked.Leaf)); err != nil {
			return 0, fmt.Errorf("inclusion: %w", err)
		}
	}
	if older := asked.Consistency; older != nil {
		proof, err := hashes(older.Proof)
		if err != nil {
			return 0, fmt.Errorf("consistency: %w", err)
		}
		oldRoot, err := hash(older.Root)
		if err != nil {
			return 0, fmt.Errorf("consistency: %w", err)
		}
		if err := tlog.CheckTree(proof, size, root, older.Size, oldRoot); err != nil {
			return 0, fmt.Errorf("consistency: %w", err)
		}
	}
	return size, nil
}

func mirrored(asked question, verifier note.Verifier) (int64, error) {
	m := &mirror{at: asked.Log}
	newest, err := m.fetch("checkpoint")
	if err != nil {
		return 0, err
	}
	if m.tree, err = open(string(newest), verifier); err != nil {
		return 0, err
	}
	if asked.Older == "" {
		return m.tree.N, m.follow(nil)
	}
	older, err := open(asked.Older, verifier)
	if err != nil {
		return 0, fmt.Errorf("older: %w", err)
	}
	return m.tree.N, m.follow(&older)
}

// open reads a checkpoint that verifier has signed.
func open(text string, verifier note.Verifier) (tlog.Tree, error) {
	var tree tlog.Tree
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return tree, fmt.Errorf("note: %w", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tree, fmt.Errorf("checkpoint: not three lines beginning with %q", verifier.Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, fmt.Errorf("checkpoint: %w", err)
	}
	raw, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil {
		return tree, fmt.Errorf("checkpoint: %w", err)
	}
	if tree.Hash, err = hash(raw); err != nil {
		return tree, fmt.Errorf("checkpoint: %w", err)
	}
	return tree, nil
}

func hashes(raw [][]byte) ([]tlog.Hash, error) {
	read := make([]tlog.Hash, 0, len(raw))
	for _, one := range raw {
		h, err := hash(one)
		if err != nil {
			return nil, err
		}
		read = append(read, h)
	}
	return read, nil
}

func hash(raw []byte) (tlog.Hash, error) {
	if len(raw) != tlog.HashSize {
		return tlog.Hash{}, fmt.Errorf("a hash has %d bytes, not %d", tlog.HashSize, len(raw))
	}
	var h tlog.Hash
	copy(h[:], raw)
	return h, nil
}
