/* The functions of cuBLAS and cuSOLVER that svdsurgeon calls, with NVIDIA's signatures, on host memory in plain loops: column-major, arguments
   checked as documented, inputs destroyed and workspaces filled where the real ones do so. A machine without a GPU can so run every call that the
   backend makes, through the same bindings: argument order, leading dimensions, triangles, workspace sizes; where TF32 is asked for, inputs are rounded to it.
   It says nothing about speed. CUDA_MAJOR (11, 12 or 13) is the version that it pretends to be; cusolverDnXsyevBatched is left out of 11, as there. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, BLAS_INVALID = 7, BLAS_UNSUPPORTED = 15, SOLVER_INVALID = 3 };
enum { LOWER = 0, UPPER = 1 };
enum { NONE = 0, TRANSPOSE = 1 };
enum { R32F = 0, R64F = 1, R16F = 2, R16BF = 14 };
enum { COMPUTE_32F = 68, COMPUTE_32F_FAST_TF32 = 77 };

#ifndef CUDA_MAJOR
#define CUDA_MAJOR 12
#endif

static int at_least(int64_t value, int64_t least) { return value >= (least > 1 ? least : 1); }
static void *handle(void) { return malloc(1); }

/* ---- cuBLAS */
typedef struct { int math_mode; } blas;

int cublasCreate_v2(blas **h) { *h = calloc(1, sizeof(blas)); return OK; }
int cublasDestroy_v2(blas *h) { free(h); return OK; }
/* 0, 1, 2: the three parts of the version */
int cublasGetProperty(int type, int *value) { *value = type == 0 ? CUDA_MAJOR : type == 1 ? 4 : 5; return type < 0 || type > 2 ? BLAS_INVALID : OK; }
int cusolverGetProperty(int type, int *value)
{
    *value = type == 0 ? (CUDA_MAJOR == 13 ? 12 : 11) : type == 1 ? 6 : 1;
    return type < 0 || type > 2 ? SOLVER_INVALID : OK;
}
int cublasSetStream_v2(blas *h, void *stream) { (void)stream; return h ? OK : 1; }
int cublasSetMathMode(blas *h, int mode)
{
    if (!h) return 1;
    if (mode != 0 && mode != 3) return BLAS_INVALID;
    h->math_mode = mode;
    return OK;
}

/* float32 to the 10 bits of fraction of TF32, to nearest, ties to even */
static double tf32(double value)
{
    float f = (float)value;
    uint32_t bits;
    if (!isfinite(f)) return f;
    memcpy(&bits, &f, 4);
    bits += 0xFFF + (bits >> 13 & 1);
    bits &= ~(uint32_t)0x1FFF;
    memcpy(&f, &bits, 4);
    return f;
}

static double half_to_double(uint16_t h)
{
    int e = h >> 10 & 31, f = h & 1023;
    double v = e == 31 ? (f ? NAN : INFINITY) : e ? ldexp(1024 + f, e - 25) : ldexp(f, -24);
    return h & 0x8000 ? -v : v;
}

enum { ROUNDED32F = 100 };

static double number(const void *a, int type, int64_t i)
{
    if (type == ROUNDED32F) return tf32(((const float *)a)[i]);
    if (type == R64F) return ((const double *)a)[i];
    if (type == R32F) return ((const float *)a)[i];
    if (type == R16F) return half_to_double(((const uint16_t *)a)[i]);
    uint32_t bits = (uint32_t)((const uint16_t *)a)[i] << 16;
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

static int gemm(int ta, int tb, int m, int n, int k, double alpha, const void *a, int lda, const void *b, int ldb, double beta, void *c, int ldc, int in, int out)
{
    if (m < 0 || n < 0 || k < 0 || !at_least(lda, ta ? k : m) || !at_least(ldb, tb ? n : k) || !at_least(ldc, m)) return BLAS_INVALID;
    for (int j = 0; j < n; j++)
        for (int i = 0; i < m; i++)
        {
            double sum = 0;
            for (int l = 0; l < k; l++)
                sum += number(a, in, ta ? l + (int64_t)i * lda : i + (int64_t)l * lda) * number(b, in, tb ? j + (int64_t)l * ldb : l + (int64_t)j * ldb);
            int64_t at = i + (int64_t)j * ldc;
            double old = beta != 0 ? beta * number(c, out, at) : 0; /* beta 0: c is not read */
            if (out == R64F) ((double *)c)[at] = alpha * sum + old;
            else ((float *)c)[at] = (float)(alpha * sum + old);
        }
    return OK;
}

int cublasDgemm_v2(void *h, int ta, int tb, int m, int n, int k, const double *alpha, const double *a, int lda, const double *b, int ldb, const double *beta, double *c, int ldc)
{
    return !h ? 1 : gemm(ta, tb, m, n, k, *alpha, a, lda, b, ldb, *beta, c, ldc, R64F, R64F);
}

int cublasDgemmStridedBatched(void *h, int ta, int tb, int m, int n, int k, const double *alpha, const double *a, int lda, long long sa, const double *b, int ldb, long long sb,
    const double *beta, double *c, int ldc, long long sc, int batch)
{
    if (!h) return 1;
    if (batch < 0) return BLAS_INVALID;
    for (int i = 0; i < batch; i++)
    {
        int status = gemm(ta, tb, m, n, k, *alpha, a + i * sa, lda, b + i * sb, ldb, *beta, c + i * sc, ldc, R64F, R64F);
        if (status != OK) return status;
    }
    return OK;
}

int cublasGemmEx(void *h, int ta, int tb, int m, int n, int k, const void *alpha, const void *a, int at, int lda, const void *b, int bt, int ldb, const void *beta, void *c, int ct,
    int ldc, int compute, int algorithm)
{
    if (!h) return 1;
    if (at != bt || ct != R32F || (at != R32F && at != R16F && at != R16BF) || algorithm != -1) return BLAS_UNSUPPORTED;
    if (compute != COMPUTE_32F && !(compute == COMPUTE_32F_FAST_TF32 && at == R32F)) return BLAS_UNSUPPORTED;
    return gemm(ta, tb, m, n, k, *(const float *)alpha, a, lda, b, ldb, *(const float *)beta, c, ldc, compute == COMPUTE_32F_FAST_TF32 ? ROUNDED32F : at, R32F);
}

static int syrk(int uplo, int trans, int n, int k, double alpha, const void *a, int lda, double beta, void *c, int ldc, int type)
{
    if (n < 0 || k < 0 || !at_least(lda, trans ? k : n) || !at_least(ldc, n)) return BLAS_INVALID;
    for (int j = 0; j < n; j++)
        for (int i = uplo == UPPER ? 0 : j; i < (uplo == UPPER ? j + 1 : n); i++)
        {
            double sum = 0;
            for (int l = 0; l < k; l++)
                sum += trans ? number(a, type, l + (int64_t)i * lda) * number(a, type, l + (int64_t)j * lda) : number(a, type, i + (int64_t)l * lda) * number(a, type, j + (int64_t)l * lda);
            int64_t at = i + (int64_t)j * ldc;
            double value = alpha * sum + (beta != 0 ? beta * number(c, type == R64F ? R64F : R32F, at) : 0);
            if (type == R64F) ((double *)c)[at] = value;
            else ((float *)c)[at] = (float)value;
        }
    return OK;
}

int cublasSsyrk_v2(blas *h, int uplo, int trans, int n, int k, const float *alpha, const float *a, int lda, const float *beta, float *c, int ldc)
{
    return !h ? 1 : syrk(uplo, trans, n, k, *alpha, a, lda, *beta, c, ldc, h->math_mode == 3 ? ROUNDED32F : R32F);
}

int cublasDsyrk_v2(void *h, int uplo, int trans, int n, int k, const double *alpha, const double *a, int lda, const double *beta, double *c, int ldc)
{
    return !h ? 1 : syrk(uplo, trans, n, k, *alpha, a, lda, *beta, c, ldc, R64F);
}

/* op(A) X = alpha B (left) or X op(A) = alpha B, A triangular, X over B. */
int cublasDtrsm_v2(void *h, int side, int uplo, int trans, int diag, int m, int n, const double *alpha, const double *a, int lda, double *b, int ldb)
{
    int order = side == 0 ? m : n;
    if (!h) return 1;
    if (m < 0 || n < 0 || diag != 0 || !at_least(lda, order) || !at_least(ldb, m)) return BLAS_INVALID;
    int lower = (uplo == LOWER) != (trans == TRANSPOSE); /* op(A) is lower */
    int vectors = side == 0 ? n : m;
    for (int v = 0; v < vectors; v++)
        for (int s = 0; s < order; s++)
        {
            /* from the left rows are solved in the order of op(A), from the right the other way round */
            int forward = side == 0 ? lower : !lower, i = forward ? s : order - 1 - s;
            double *x = side == 0 ? b + i + (int64_t)v * ldb : b + v + (int64_t)i * ldb, sum = *alpha * *x;
            for (int t = 0; t < s; t++)
            {
                int j = forward ? t : order - 1 - t;
                int64_t row = side == 0 ? i : j, column = side == 0 ? j : i; /* op(A)[row, column] */
                double left = trans ? a[column + row * lda] : a[row + column * lda];
                sum -= left * (side == 0 ? b[j + (int64_t)v * ldb] : b[v + (int64_t)j * ldb]);
            }
            *x = sum / a[i + (int64_t)i * lda];
        }
    return OK;
}

/* ---- cuSOLVER */
int cusolverDnCreate(void **h) { *h = handle(); return OK; }
int cusolverDnDestroy(void *h) { free(h); return OK; }
int cusolverDnSetStream(void *h, void *stream) { (void)stream; return h ? OK : 1; }
int cusolverDnCreateParams(void **p) { *p = handle(); return OK; }
int cusolverDnDestroyParams(void *p) { free(p); return OK; }
int cusolverDnCreateGesvdjInfo(void **i) { *i = handle(); return OK; }
int cusolverDnDestroyGesvdjInfo(void *i) { free(i); return OK; }

static void spoil(double *a, int64_t count) { for (int64_t i = 0; i < count; i++) a[i] = NAN; }

int cusolverDnDpotrf_bufferSize(void *h, int uplo, int n, double *a, int lda, int *lwork)
{
    (void)a;
    if (!h || n < 0 || !at_least(lda, n) || (uplo != UPPER && uplo != LOWER)) return SOLVER_INVALID;
    *lwork = n + 3;
    return OK;
}

int cusolverDnDpotrf(void *h, int uplo, int n, double *a, int lda, double *work, int lwork, int *info)
{
    if (!h || n < 0 || !at_least(lda, n) || lwork < n + 3) return SOLVER_INVALID;
    spoil(work, lwork);
    *info = 0;
    for (int j = 0; j < n; j++)
    {
        /* element (i, j) of the factor L or of U's transpose */
#define F(i, j) a[uplo == LOWER ? (i) + (int64_t)(j) * lda : (j) + (int64_t)(i) * lda]
        double pivot = F(j, j);
        for (int l = 0; l < j; l++) pivot -= F(j, l) * F(j, l);
        if (!(pivot > 0)) { *info = j + 1; return OK; }
        F(j, j) = sqrt(pivot);
        for (int i = j + 1; i < n; i++)
        {
            double sum = F(i, j);
            for (int l = 0; l < j; l++) sum -= F(i, l) * F(j, l);
            F(i, j) = sum / F(j, j);
        }
#undef F
    }
    return OK;
}

/* One-sided Jacobi: a (m × n, m ≥ n) becomes U Σ, v (n × n) collects the rotations; both column-major and dense. */
static void one_sided_jacobi(double *a, double *v, int m, int n)
{
    for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++) v[i + j * n] = i == j;
    for (int sweep = 0, rotated = 1; rotated && sweep < 60; sweep++)
    {
        rotated = 0;
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++)
            {
                double pp = 0, qq = 0, pq = 0;
                for (int i = 0; i < m; i++)
                {
                    double x = a[i + p * m], y = a[i + q * m];
                    pp += x * x, qq += y * y, pq += x * y;
                }
                if (fabs(pq) <= 1e-15 * sqrt(pp * qq)) continue;
                rotated = 1;
                double zeta = (qq - pp) / (2 * pq), t = (zeta < 0 ? -1 : 1) / (fabs(zeta) + sqrt(1 + zeta * zeta)), c = 1 / sqrt(1 + t * t), s = c * t;
                for (int i = 0; i < m; i++)
                {
                    double x = a[i + p * m], y = a[i + q * m];
                    a[i + p * m] = c * x - s * y, a[i + q * m] = s * x + c * y;
                }
                for (int i = 0; i < n; i++)
                {
                    double x = v[i + p * n], y = v[i + q * n];
                    v[i + p * n] = c * x - s * y, v[i + q * n] = s * x + c * y;
                }
            }
    }
}

/* Thin SVD of a (m × n, m ≥ n, destroyed): s descending, u (m × n, or m × m where square), v (n × n, columns). */
static int svd(int m, int n, double *a, int lda, double *s, double *u, int ldu, int square, double *v, int ldv, int transposed)
{
    double *w = malloc(sizeof(double) * m * n), *r = malloc(sizeof(double) * n * n);
    for (int j = 0; j < n; j++) memcpy(w + (int64_t)j * m, a + (int64_t)j * lda, sizeof(double) * m);
    for (int j = 0; j < n; j++) spoil(a + (int64_t)j * lda, m);
    one_sided_jacobi(w, r, m, n);
    char *used = calloc(n, 1);
    for (int k = 0; k < n; k++)
    {
        int best = -1;
        double largest = -1;
        for (int j = 0; j < n; j++)
        {
            double norm = 0;
            for (int i = 0; i < m; i++) norm += w[i + (int64_t)j * m] * w[i + (int64_t)j * m];
            if (!used[j] && norm > largest) best = j, largest = norm;
        }
        used[best] = 1;
        s[k] = sqrt(largest);
        for (int i = 0; i < m; i++) u[i + (int64_t)k * ldu] = s[k] > 0 ? w[i + (int64_t)best * m] / s[k] : 0;
        for (int i = 0; i < n; i++) v[transposed ? k + (int64_t)i * ldv : i + (int64_t)k * ldv] = r[i + (int64_t)best * n];
    }
    /* what has no singular value of its own, and the rest of a square u, is completed to an orthonormal basis */
    for (int k = 0, unit = 0; k < (square ? m : n); k++)
    {
        if (k < n && s[k] > 0) continue;
        for (double norm = 0; norm < 1e-6; unit++)
        {
            double *x = u + (int64_t)k * ldu;
            for (int i = 0; i < m; i++) x[i] = i == unit;
            for (int pass = 0; pass < 2; pass++)
                for (int j = 0; j < k; j++)
                {
                    double dot = 0;
                    for (int i = 0; i < m; i++) dot += x[i] * u[i + (int64_t)j * ldu];
                    for (int i = 0; i < m; i++) x[i] -= dot * u[i + (int64_t)j * ldu];
                }
            norm = 0;
            for (int i = 0; i < m; i++) norm += x[i] * x[i];
            if (norm >= 1e-6)
                for (int i = 0; i < m; i++) x[i] /= sqrt(norm);
        }
    }
    free(w), free(r), free(used);
    return OK;
}

int cusolverDnDsyevd_bufferSize(void *h, int job, int uplo, int n, double *a, int lda, double *w, int *lwork)
{
    (void)a, (void)w;
    if (!h || job != 1 || (uplo != UPPER && uplo != LOWER) || n < 0 || !at_least(lda, n)) return SOLVER_INVALID;
    *lwork = 2 * n + 5;
    return OK;
}

/* Ascending eigenvalues, eigenvectors in the columns of a: two-sided Jacobi on the triangle that was named. */
int cusolverDnDsyevd(void *h, int job, int uplo, int n, double *a, int lda, double *w, double *work, int lwork, int *info)
{
    if (!h || job != 1 || n < 0 || !at_least(lda, n) || lwork < 2 * n + 5) return SOLVER_INVALID;
    spoil(work, lwork);
    double *s = malloc(sizeof(double) * n * n), *v = calloc((size_t)n * n, sizeof(double));
    for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++)
        {
            int upper = (i <= j) == (uplo == UPPER) || i == j;
            s[i + j * n] = upper ? a[i + (int64_t)j * lda] : a[j + (int64_t)i * lda];
            v[i + j * n] = i == j;
        }
    for (int sweep = 0, rotated = 1; rotated && sweep < 60; sweep++)
    {
        rotated = 0;
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++)
            {
                double apq = s[p + q * n], app = s[p + p * n], aqq = s[q + q * n];
                if (fabs(apq) <= 1e-17 * sqrt(fabs(app * aqq)) || apq == 0) continue;
                rotated = 1;
                double theta = (aqq - app) / (2 * apq), t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(1 + theta * theta)), c = 1 / sqrt(1 + t * t), sn = c * t;
                for (int i = 0; i < n; i++)
                {
                    double x = s[i + p * n], y = s[i + q * n];
                    s[i + p * n] = c * x - sn * y, s[i + q * n] = sn * x + c * y;
                }
                for (int i = 0; i < n; i++)
                {
                    double x = s[p + i * n], y = s[q + i * n];
                    s[p + i * n] = c * x - sn * y, s[q + i * n] = sn * x + c * y;
                    x = v[i + p * n], y = v[i + q * n];
                    v[i + p * n] = c * x - sn * y, v[i + q * n] = sn * x + c * y;
                }
            }
    }
    char *used = calloc(n + 1, 1);
    for (int k = 0; k < n; k++)
    {
        int best = -1;
        for (int j = 0; j < n; j++)
            if (!used[j] && (best < 0 || s[j + j * n] < s[best + best * n])) best = j;
        used[best] = 1;
        w[k] = s[best + best * n];
        for (int i = 0; i < n; i++) a[i + (int64_t)k * lda] = v[i + best * n];
    }
    free(s), free(v), free(used);
    *info = 0;
    return OK;
}

#if CUDA_MAJOR >= 12
int cusolverDnXsyevBatched_bufferSize(void *h, void *parameters, int job, int uplo, int64_t n, int at, const void *a, int64_t lda, int wt, const void *w, int compute, size_t *device,
    size_t *host, int64_t batch)
{
    (void)a, (void)w;
    if (!h || !parameters || job != 1 || (uplo != UPPER && uplo != LOWER) || at != R64F || wt != R64F || compute != R64F || n < 0 || !at_least(lda, n) || batch < 1) return SOLVER_INVALID;
    *device = 8 * (size_t)batch * (2 * n + 5), *host = (size_t)batch * 3;
    return OK;
}

int cusolverDnXsyevBatched(void *h, void *parameters, int job, int uplo, int64_t n, int at, double *a, int64_t lda, int wt, double *w, int compute, double *device, size_t device_bytes,
    void *host, size_t host_bytes, int *info, int64_t batch)
{
    if (!h || !parameters || at != R64F || wt != R64F || compute != R64F || batch < 1) return SOLVER_INVALID;
    if (device_bytes < 8 * (size_t)batch * (2 * n + 5) || host_bytes < (size_t)batch * 3) return SOLVER_INVALID;
    memset(host, 0xFF, host_bytes);
    for (int64_t i = 0; i < batch; i++)
    {
        int status = cusolverDnDsyevd(h, job, uplo, (int)n, a + i * lda * n, (int)lda, w + i * n, device, 2 * (int)n + 5, info + i);
        if (status != OK) return status;
    }
    return OK;
}
#endif

int cusolverDnDgesvd_bufferSize(void *h, int m, int n, int *lwork)
{
    if (!h || n < 0 || m < n) return SOLVER_INVALID; /* tall matrices only */
    *lwork = 3 * n + m;
    return OK;
}

int cusolverDnDgesvd(void *h, signed char jobu, signed char jobvt, int m, int n, double *a, int lda, double *s, double *u, int ldu, double *vt, int ldvt, double *work, int lwork,
    double *rwork, int *info)
{
    (void)rwork;
    if (!h || jobu != 'S' || jobvt != 'S' || m < n || !at_least(lda, m) || !at_least(ldu, m) || !at_least(ldvt, n) || lwork < 3 * n + m) return SOLVER_INVALID;
    spoil(work, lwork);
    *info = 0;
    return svd(m, n, a, lda, s, u, ldu, 0, vt, ldvt, 1);
}

int cusolverDnDgesvdjBatched_bufferSize(void *h, int job, int m, int n, double *a, int lda, double *s, double *u, int ldu, double *v, int ldv, int *lwork, void *parameters, int batch)
{
    (void)a, (void)s, (void)u, (void)v;
    if (!h || job != 1 || m > 32 || n > 32 || !at_least(lda, m) || !at_least(ldu, m) || !at_least(ldv, n) || !parameters || batch < 1) return SOLVER_INVALID;
    *lwork = batch * (m + n);
    return OK;
}

/* Full u (m × m), s of min(m, n), v (n × n) a matrix, one matrix after the other. */
int cusolverDnDgesvdjBatched(void *h, int job, int m, int n, double *a, int lda, double *s, double *u, int ldu, double *v, int ldv, double *work, int lwork, int *info, void *parameters,
    int batch)
{
    if (!h || job != 1 || m > 32 || n > 32 || m < n || !parameters || lwork < batch * (m + n)) return SOLVER_INVALID;
    spoil(work, lwork);
    for (int b = 0; b < batch; b++)
    {
        info[b] = 0;
        svd(m, n, a + (int64_t)b * lda * n, lda, s + (int64_t)b * n, u + (int64_t)b * ldu * m, ldu, 1, v + (int64_t)b * ldv * n, ldv, 0);
    }
    return OK;
}

int cusolverDnXgesvdp_bufferSize(void *h, void *parameters, int job, int econ, int64_t m, int64_t n, int at, void *a, int64_t lda, int st, void *s, int ut, void *u, int64_t ldu, int vt,
    void *v, int64_t ldv, int compute, size_t *device, size_t *host)
{
    (void)a, (void)s, (void)u, (void)v;
    if (!h || !parameters || job != 1 || econ != 1 || at != R64F || st != R64F || ut != R64F || vt != R64F || compute != R64F || !at_least(lda, m) || !at_least(ldu, m) || !at_least(ldv, n))
        return SOLVER_INVALID;
    *device = 8 * (size_t)(m + n), *host = (size_t)(m * n) + 7;
    return OK;
}

int cusolverDnXgesvdp(void *h, void *parameters, int job, int econ, int64_t m, int64_t n, int at, double *a, int64_t lda, int st, double *s, int ut, double *u, int64_t ldu, int vt,
    double *v, int64_t ldv, int compute, void *device, size_t device_bytes, void *host, size_t host_bytes, int *info, double *error)
{
    if (!h || !parameters || job != 1 || econ != 1 || at != R64F || st != R64F || ut != R64F || vt != R64F || compute != R64F) return SOLVER_INVALID;
    if (device_bytes < 8 * (size_t)(m + n) || host_bytes < (size_t)(m * n) + 7) return SOLVER_INVALID;
    memset(device, 0xFF, device_bytes), memset(host, 0xFF, host_bytes);
    *info = 0, *error = 0;
    return svd((int)m, (int)n, a, (int)lda, s, u, (int)ldu, 0, v, (int)ldv, 0);
}
