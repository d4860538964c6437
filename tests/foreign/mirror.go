package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const height = 8 // of a tile, in c2sp.org/tlog-tiles

// A mirror fetches what a log publishes (c2sp.org/tlog-tiles): with plain GETs below an address, or out of a folder.
type mirror struct {
	at   string
	tree tlog.Tree
}

func (m *mirror) fetch(path string) ([]byte, error) {
	if !strings.HasPrefix(m.at, "http://") {
		return os.ReadFile(filepath.Join(m.at, filepath.FromSlash(path)))
	}
	answer, err := http.Get(m.at + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// Height, ReadTiles and SaveTiles make it a tlog.TileReader.
func (m *mirror) Height() int { return height }

func (m *mirror) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range tiles {
		// The paths of x/mod say the height too, which c2sp.org/tlog-tiles leaves out.
		data, err := m.fetch("tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height)))
		if err != nil {
			return nil, err
		}
		read = append(read, data)
	}
	return read, nil
}

func (m *mirror) SaveTiles([]tlog.Tile, [][]byte) {}

// entries reads the bundle that runs beside the n-th tile of level 0.
func (m *mirror) entries(n int64) ([][]byte, error) {
	width := m.tree.N - n<<height
	if width > 1<<height {
		width = 1 << height
	}
	tile := tlog.Tile{H: height, L: 0, N: n, W: int(width)}
	path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/0/", height), "tile/entries/", 1)
	data, err := m.fetch(path)
	if err != nil {
		return nil, err
	}
	var read [][]byte
	for len(data) > 0 {
		if len(data) < 2 {
			return nil, fmt.Errorf("%s: cut off", path)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		if end > len(data) {
			return nil, fmt.Errorf("%s: cut off", path)
		}
		read, data = append(read, data[2:end]), data[end:]
	}
	if int64(len(read)) != width {
		return nil, fmt.Errorf("%s: %d entries, not %d", path, len(read), width)
	}
	return read, nil
}

// follow reads the whole log: every entry is in the tree of the checkpoint, which continues the older one.
func (m *mirror) follow(older *tlog.Tree) error {
	hashes := tlog.TileHashReader(m.tree, m)
	for n := int64(0); n<<height < m.tree.N; n++ {
		bundle, err := m.entries(n)
		if err != nil {
			return fmt.Errorf("entries: %w", err)
		}
		for place, entry := range bundle {
			index := n<<height + int64(place)
			proof, err := tlog.ProveRecord(m.tree.N, index, hashes)
			if err != nil {
				return fmt.Errorf("tiles: %w", err)
			}
			if err := tlog.CheckRecord(proof, m.tree.N, m.tree.Hash, index, tlog.RecordHash(entry)); err != nil {
				return fmt.Errorf("entry %d: %w", index, err)
			}
		}
	}
	if older == nil {
		return nil
	}
	proof, err := tlog.ProveTree(m.tree.N, older.N, hashes)
	if err != nil {
		return fmt.Errorf("tiles: %w", err)
	}
	if err := tlog.CheckTree(proof, m.tree.N, m.tree.Hash, older.N, older.Hash); err != nil {
		return fmt.Errorf("consistency: %w", err)
	}
	return nil
}
