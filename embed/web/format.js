// How numbers and times are written.

export const bytes = (amount) => {
  let rest = amount;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB', 'TiB']) {
    if (rest < 1024 || unit === 'TiB') return (unit === 'B' ? rest : rest.toFixed(1)) + ' ' + unit;
    rest /= 1024;
  }
  return '';
};

export const seconds = (value) => {
  if (value < 0.001) return (value * 1e6).toFixed(0) + ' us';
  if (value < 1) return (value * 1e3).toFixed(value < 0.1 ? 1 : 0) + ' ms';
  if (value < 120) return value.toFixed(2) + ' s';
  return Math.floor(value / 60) + ' min ' + Math.round(value % 60) + ' s';
};

export const count = (value) => value.toLocaleString('en-US');

export const clock = (epochMs) => new Date(epochMs).toLocaleTimeString([], {hour12: false});
