//! Workers to be asked.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::api::{Answer, ApiClient, ApiError};

impl ApiClient {
    /// Uploads a Worker of one module, deploys it and lets it be reached under its host name. The answer is
    /// that of the upload.
    ///
    /// # Errors
    /// As [`ApiClient::send`]; [`ApiError::Refused`] when it is uploaded and cannot be reached.
    pub async fn deploy_worker(
        &self,
        worker: &str,
        code: &str,
        bindings: &Value,
    ) -> Result<Answer, ApiError> {
        let metadata = json!({
            "main_module": "index.js",
            "compatibility_date": "2026-11-01",
            "bindings": bindings,
        });
        let module = Part::text(code.to_owned())
            .file_name("index.js")
            .mime_str("application/javascript+module")?;
        let form = Form::new()
            .text("metadata", metadata.to_string())
            .part("index.js", module);
        let request = self.request(Method::PUT, &format!("/workers/scripts/{worker}"));
        let answer = self.send(request.multipart(form)).await?;
        if answer.status < 300 {
            let path = format!("/workers/scripts/{worker}/subdomain");
            self.post(&path, &json!({ "enabled": true }))
                .await?
                .success()?;
        }
        Ok(answer)
    }
}
