// The program makes the same calls by hand.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type answer struct {
	ShareToken string `json:"share_token"`
	SessionID  string `json:"session_id"`
	Status     string `json:"status"`
}

func run(ctx context.Context, session, application, workflow string) error {
	shared, err := call(ctx, http.MethodPost, "/v3/session/"+session+"/share/", map[string]any{"for_application_id": application})
	if err != nil {
		return err
	}
	imported, err := call(ctx, http.MethodPost, "/v3/session/import-shared/", map[string]any{
		"share_token": shared.ShareToken, "workflow_id": workflow, "trust_review": false, "vendor_data": "customer-1",
	})
	if err != nil {
		return err
	}
	decided, err := call(ctx, http.MethodGet, "/v3/session/"+imported.SessionID+"/decision/", nil)
	if err != nil {
		return err
	}
	fmt.Println(decided.SessionID, decided.Status)
	return nil
}

func call(ctx context.Context, method, path string, in any) (*answer, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, "https://verification.didit.me"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Api-Key", os.Getenv("DIDIT_API_KEY"))
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, errors.New(resp.Status)
	}
	out := new(answer)
	return out, json.Unmarshal(data, out)
}
