package answer

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// document has every kind of field that decisions have.
type document struct {
	Count    int             `json:"count"`
	Number   int64           `json:"number"`
	Name     string          `json:"name"`
	Flag     bool            `json:"flag"`
	Names    []string        `json:"names"`
	Notes    []note          `json:"notes"`
	Pointer  *note           `json:"pointer"`
	Own      own             `json:"own"`
	Raw      json.RawMessage `json:"raw"`
	Hidden   int             `json:"-"`
	Untagged []int           `json:",omitempty"`
	base
	*Pointed
	unexported int //nolint:unused // a key of its name must not reach it
}

type base struct {
	Kept  int   `json:"kept"`
	Inner *note `json:"inner"`
}

type note struct {
	Text string `json:"text" answer:"text"`
	Size int    `json:"size"`
}

// Pointed is embedded by pointer.
type Pointed struct {
	Far int `json:"far"`
}

// own decodes itself.
type own struct{ Size int }

func (o *own) UnmarshalJSON([]byte) error { o.Size = 7; return nil }

func TestLenient(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		data string
		want document
	}{
		"fits":                    {`{"count":1,"names":["a"]}`, document{Count: 1, Names: []string{"a"}}},
		"whole":                   {`{"count":24.0,"number":43762.00,"kept":2.4e1}`, document{Count: 24, Number: 43762, base: base{Kept: 24}}},
		"not whole":               {`{"count":24.5,"number":1e300,"kept":"24"}`, document{}},
		"another type":            {`{"count":{},"name":7,"flag":"yes","names":7,"pointer":"x","kept":3}`, document{Pointer: &note{Text: "x"}, base: base{Kept: 3}}},
		"what fits is kept":       {`{"count":{},"number":5,"name":"n","names":["a"]}`, document{Number: 5, Name: "n", Names: []string{"a"}}},
		"one text":                {`{"names":"a"}`, document{Names: []string{"a"}}},
		"one object":              {`{"notes":{"text":"a","size":2.0}}`, document{Notes: []note{{"a", 2}}}},
		"one text for an object":  {`{"notes":"a"}`, document{Notes: []note{{Text: "a"}}}},
		"texts for objects":       {`{"notes":["a",{"text":"b","size":3.0},7,null]}`, document{Notes: []note{{Text: "a"}, {"b", 3}, {}, {}}}},
		"nothing in it":           {`{"notes":{},"names":null,"count":"x"}`, document{}},
		"below a pointer":         {`{"pointer":{"size":4.0},"inner":{"size":5.0}}`, document{Pointer: &note{Size: 4}, base: base{Inner: &note{Size: 5}}}},
		"null pointer":            {`{"pointer":null,"count":[]}`, document{}},
		"decodes itself":          {`{"own":{"Size":1.0},"count":1.0}`, document{Own: own{7}, Count: 1}},
		"raw is left as it is":    {`{"raw":{"count":24.0,"notes":"a"},"count":1.0}`, document{Raw: json.RawMessage(`{"count":24.0,"notes":"a"}`), Count: 1}},
		"keys that no field has":  {`{"":1.0,"-":2.0,"unexported":3.0,"Untagged":4,"count":1.0}`, document{Count: 1}},
		"a key in another case":   {`{"COUNT":24.0}`, document{}},
		"an object in a list":     {`{"notes":[{"text":{"a":1},"size":8.0}]}`, document{Notes: []note{{Size: 8}}}},
		"white space about it":    {" \n{ \"count\" : 24.0 , \"notes\" : \"a\" } ", document{Count: 24, Notes: []note{{Text: "a"}}}},
		"in what is embedded":     {`{"far":9.0,"inner":{"size":1.0}}`, document{Pointed: &Pointed{9}, base: base{Inner: &note{Size: 1}}}},
		"another type altogether": {`[1]`, document{}},
		"a text altogether":       {`"a"`, document{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got document
			require.NoError(t, Lenient(json.Unmarshal([]byte(test.data), &got), []byte(test.data), &got))
			assert.Equal(t, test.want, got)
		})
	}
}

func TestLenientLeavesLargeAnswers(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]int{mostForms: 24, mostForms + 1: 0} {
		data := []byte(`{"count":24.0}`)
		data = append(data, bytes.Repeat([]byte(" "), size-len(data))...)
		var got document
		require.NoError(t, Lenient(json.Unmarshal(data, &got), data, &got))
		assert.Equal(t, want, got.Count)
	}
}

func TestLenientLetsOtherErrorsStand(t *testing.T) {
	t.Parallel()
	var got document
	data := []byte(`{"count":1.0`)
	require.Error(t, Lenient(json.Unmarshal(data, &got), data, &got))
	other := errors.New("other")
	require.ErrorIs(t, Lenient(other, []byte(`{}`), &got), other)
	assert.Zero(t, got)
}

func TestMembers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		want     []string
		complete bool
	}{
		`{}`: {nil, true}, `[1]`: {nil, true}, `"a"`: {nil, true}, `null`: {nil, true}, `{"a":`: {nil, false}, `{"a":1,2`: {[]string{"a=1"}, false},
		` { "b" : [ 1, 2 ] , "a":{"c":null},"b":"x" } `: {[]string{"b=[ 1, 2 ]", `a={"c":null}`, `b="x"`}, true},
		`{"a":1,"b":2,"c":3,"d":4}`:                     {[]string{"a=1", "b=2", "c=3"}, false},
	}
	for data, test := range tests {
		var got []string
		complete := Members([]byte(data), 3, func(name string, value []byte) { got = append(got, name+"="+string(value)) })
		assert.Equal(t, test.want, got, data)
		assert.Equal(t, test.complete, complete, data)
	}
}
